// How training samples come together in batches: by which field a sampler draws, and what the
// transforms of batches mix.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/catalog/samplers/bucketed.h"
#include "lib/catalog/samplers/stratified.h"
#include "lib/catalog/samplers/weighted.h"
#include "lib/catalog/transforms/mask_tokens.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

bool is_class(const Field& field) {
  return field.num_classes > 0 && field.type.shape.empty() && is_integer(field.type.dtype);
}
bool is_weight(const Field& field) {
  return field.type.shape.empty() && is_floating(field.type.dtype);
}

// What a sampler can draw by.
struct Wanted {
  std::string name;  // as given, or ""
  bool (*fits)(const Field& field);
  std::string what;  // "a field of classes"
};

Wanted wanted_field(const catalog::Choice& sampler) {
  if (sampler.name() == "bucketed") {
    return {sampler.as<catalog::BucketedParams>().by, [](const Field& f) { return f.is_ragged(); },
            "a field whose samples differ in length"};
  }
  if (sampler.name() == "stratified")
    return {sampler.as<catalog::StratifiedParams>().by, is_class, "a field of classes"};
  const auto& p = sampler.as<catalog::WeightedParams>();
  if (!p.weights.empty()) return {p.weights, is_weight, "a field of one number"};
  return {p.by, is_class, "a field of classes"};
}

// Those that the losses compare.
std::vector<std::string> compared_fields(const Job& job) {
  std::vector<std::string> out;
  for (const Loss& loss : job.training.losses) {
    for (const Compared& one : loss.compared) {
      const bool is_new = std::find(out.begin(), out.end(), one.field) == out.end();
      if (one.is_field() && is_new) out.push_back(one.field);
    }
  }
  return out;
}

const Field* find_field(const std::vector<Field>& fields, const std::string& name) {
  const auto it =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return it != fields.end() ? &*it : nullptr;
}

// The one among those that fit, first among those that are compared.
const Field* only_one(const Wanted& wanted, const std::vector<Field>& fields, const Job& job) {
  std::vector<const Field*> fitting;
  for (const std::string& name : compared_fields(job)) {
    const Field* field = find_field(fields, name);
    if (field != nullptr && wanted.fits(*field)) fitting.push_back(field);
  }
  if (fitting.size() == 1) return fitting.front();
  fitting.clear();
  for (const Field& field : fields) {
    if (wanted.fits(field) && field.mask_of.empty()) fitting.push_back(&field);
  }
  return fitting.size() == 1 ? fitting.front() : nullptr;
}

std::string names_that_fit(const Wanted& wanted, const std::vector<Field>& fields) {
  std::vector<std::string> out;
  for (const Field& field : fields) {
    if (wanted.fits(field) && field.mask_of.empty()) out.push_back(field.name);
  }
  return out.empty() ? "the data has none" : "there are " + one_of(out);
}

Diagnostic cannot_mix(const catalog::Choice& choice, const Field& field, const char* why) {
  return error(Code::DoNotGoTogether, choice.span, "'{}' cannot mix '{}', which is {}: {}",
               choice.name(), field.name, to_string(field.type), why);
}

// Why a batch transform cannot mix a field; null when it can.
const char* refusal(const catalog::Choice& choice, const Field& field, bool is_input) {
  if (field.is_ragged()) return "its samples differ in length";
  if (!is_input && is_class(field)) return nullptr;
  if (!is_floating(field.type.dtype)) return "means need numbers with fractions";
  const bool is_picture = field.type.shape.size() == 3;
  if (choice.name() == "cutmix" && is_input && !is_picture)
    return "a rectangle is cut out of pictures [channels, height, width]";
  return nullptr;
}

// Losses that compare mixed labels must take shares of classes.
void check_losses(const graph::Graph& graph, const std::vector<Field>& fields, const Job& job,
                  Diagnostics& problems) {
  for (const Loss& loss : job.training.losses) {
    catalog::TensorTypes types;
    bool is_mixed = false;
    for (const Compared& one : loss.compared) {
      catalog::TensorType type = catalog::TensorType::absent();
      if (one.is_value()) {
        type = with_sizes(graph.values[static_cast<std::size_t>(one.value)].type, job.axis_sizes);
      } else if (one.is_tensor()) {
        const graph::OwnedTensor& tensor = graph.tensors[static_cast<std::size_t>(one.tensor)];
        type = {tensor.dtype, {tensor.shape.begin(), tensor.shape.end()}};
      } else if (one.is_field()) {
        type = find_field(fields, one.field)->type;
        if (job.mixing.mixes_label(one.field)) {
          is_mixed = true;
          type = {catalog::DType::F32, {find_field(fields, one.field)->num_classes}};
        }
        type.shape.insert(type.shape.begin(), catalog::Dim::named("B"));
      }
      types.push_back(std::move(type));
    }
    if (!is_mixed) continue;
    const catalog::Choice& mixer = job.mixing.choices.front();
    if (const auto why = loss.what.spec->fits(loss.what.params.get(), types)) {
      problems.add(error(Code::DoNotGoTogether, loss.what.span,
                         "'{}' does not take shares of classes, which '{}' makes of labels: {}",
                         loss.what.name(), mixer.name(), *why)
                       .note_at(mixer.span, "it mixes here")
                       .help("`cross_entropy` takes them"));
    }
  }
}

}  // namespace

void settle_sampler(const std::vector<Field>& fields, Job& job, Diagnostics& problems) {
  if (!job.loader.sampler) return;
  Sampler& sampler = *job.loader.sampler;
  if (sampler.what.name() == "weighted") {
    const auto& p = sampler.what.as<catalog::WeightedParams>();
    if (!p.by.empty() && !p.weights.empty()) {
      problems.add(error(Code::BadSampler, sampler.what.span,
                         "'weighted' draws by '{}' or by the weights in '{}', not by both", p.by,
                         p.weights)
                       .help("leave one of the two out"));
      return;
    }
  }
  const Wanted wanted = wanted_field(sampler.what);
  const Field* field =
      wanted.name.empty() ? only_one(wanted, fields, job) : find_field(fields, wanted.name);
  if (field != nullptr && wanted.fits(*field)) {
    sampler.field = field->name;
    return;
  }
  const std::string there = names_that_fit(wanted, fields);
  if (wanted.name.empty()) {
    problems.add(error(Code::BadSampler, sampler.what.span, "'{}' needs to know its {}",
                       sampler.what.name(), wanted.what.substr(2))
                     .help("name it with `by:`; {}", there));
  } else if (field == nullptr) {
    problems.add(error(Code::BadSampler, sampler.what.span, "the data has no field '{}' for '{}'",
                       wanted.name, sampler.what.name())
                     .help("it needs {}; {}", wanted.what, there));
  } else {
    problems.add(error(Code::BadSampler, sampler.what.span, "'{}' cannot draw by '{}', which is {}",
                       sampler.what.name(), wanted.name, to_string(field->type))
                     .help("it needs {}; {}", wanted.what, there));
  }
}

void settle_mixing(const graph::Graph& graph, const std::vector<Field>& fields, Job& job,
                   Diagnostics& problems) {
  Mixing& mixing = job.mixing;
  if (mixing.choices.empty()) return;
  if (!graph.states.empty()) {
    problems.add(error(Code::DoNotGoTogether, mixing.choices.front().span,
                       "'{}' mixes whole samples, but a model with state sees them position by "
                       "position",
                       mixing.choices.front().name())
                     .help("leave it out"));
    return;
  }
  const auto take = [&](const std::string& name, bool is_input) {
    const Field* field = find_field(fields, name);
    if (field == nullptr) return;  // told already
    for (const catalog::Choice& choice : mixing.choices) {
      if (const char* why = refusal(choice, *field, is_input)) {
        problems.add(cannot_mix(choice, *field, why));
        return;
      }
    }
    (!is_input && is_class(*field) ? mixing.labels : mixing.fields).push_back(name);
  };
  for (const graph::NamedValue& input : graph.inputs) take(input.name, true);
  for (const std::string& name : compared_fields(job)) {
    if (std::find(mixing.fields.begin(), mixing.fields.end(), name) == mixing.fields.end())
      take(name, false);
  }
  check_losses(graph, fields, job, problems);
}

namespace {

// A masking, and where it stands among those transforms of its field that draw.
struct Masking {
  const catalog::Choice* choice = nullptr;
  std::string field, list;
  std::size_t place = 0;

  const catalog::MaskTokensParams& params() const {
    return choice->as<catalog::MaskTokensParams>();
  }
  bool draws_as(const Masking& other) const {
    return list == other.list && place == other.place && params().p == other.params().p &&
           params().never == other.params().never;
  }
};

std::vector<Masking> maskings(const Job& job) {
  std::vector<Masking> out;
  for (const FieldTransforms& one : job.transforms) {
    const auto add = [&](const char* name, const std::vector<catalog::Choice>& list,
                         std::size_t place) {
      for (const catalog::Choice& choice : list) {
        if (choice.name() == "mask_tokens") out.push_back({&choice, one.field, name, place});
        if (choice.name() != "to_f32" && choice.name() != "normalize") ++place;
      }
      return place;
    };
    const std::size_t after = add("all", one.all, 0);
    add("train", one.train, after);
    add("eval", one.eval, after);
  }
  return out;
}

}  // namespace

void check_masking(const Job& job, Diagnostics& problems) {
  const std::vector<Masking> all = maskings(job);
  for (const Masking& one : all) {
    const bool has_partner = std::any_of(all.begin(), all.end(), [&](const Masking& other) {
      return other.params().labels != one.params().labels && other.draws_as(one);
    });
    if (has_partner) continue;
    const bool is_labels = one.params().labels;
    problems.add(
        error(Code::DoNotGoTogether, one.choice->span, "'mask_tokens' of '{}' draws {}", one.field,
              is_labels ? "what no field of tokens is masked by" : "what no field of labels says")
            .help("write it at the same place of two fields, with the same `p` and `never`, one of "
                  "them with `labels: true`"));
  }
}

}  // namespace fdl::job
