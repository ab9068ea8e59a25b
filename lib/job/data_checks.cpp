#include <algorithm>

#include "lib/base/closest.h"
#include "lib/job/sections.h"
#include "lib/job/sources/inspect.h"

namespace fdl::job {
namespace {

using catalog::DType;
using catalog::TensorType;

// Whether two splits draw from one set of samples.
bool same_source(const DataSplit& a, const DataSplit& b) {
  if (a.source.spec != b.source.spec) return false;
  const auto& fields = a.source.spec->record.fields;
  return std::all_of(fields.begin(), fields.end(), [&](const config::FieldSpec& field) {
    return field.show(a.source.params.get()) == field.show(b.source.params.get());
  });
}

void transform_field(const std::vector<catalog::Choice>& list, Field& field,
                     Diagnostics& problems) {
  for (const catalog::Choice& choice : list) {
    const catalog::ChangedType changed = choice.spec->changed(choice.params.get(), field.type);
    if (changed) {
      field.type = *changed;
      continue;
    }
    problems.add(error(Code::WrongDtype, choice.span, "'{}' cannot take '{}', which is {}: {}",
                       choice.name(), field.name, to_string(field.type), changed.error()));
    return;
  }
}

std::vector<std::string> names_of(const std::vector<Field>& fields) {
  std::vector<std::string> out;
  for (const Field& field : fields) out.push_back(field.name);
  return out;
}

void report_unknown_field(const FieldTransforms& transforms, const std::vector<Field>& fields,
                          Diagnostics& problems) {
  for (const auto* list : {&transforms.all, &transforms.train, &transforms.eval}) {
    if (list->empty()) continue;
    problems.add(error(Code::UnknownKey, list->front().span,
                       "the data has no field '{}' to transform", transforms.field)
                     .help("its fields are {}", one_of(names_of(fields))));
    return;
  }
}

void report_no_field(const std::string& input, const graph::Value& value,
                     const std::vector<Field>& fields, const DataSplit& split,
                     Diagnostics& problems) {
  problems.add(error(Code::FieldMismatch, split.source.span,
                     "the data of '{}' has no field for the model's input '{}'", split.name, input)
                   .note_at(value.span, "the input is declared here")
                   .help("its fields are {}; a field feeds the input of its name",
                         one_of(names_of(fields))));
}

// An input's type without the batch axis.
TensorType wanted_type(const graph::Value& value) {
  TensorType out = value.type;
  out.shape.erase(out.shape.begin());
  return out;
}

// Whether a field feeds an input; a number where the input has a named axis gives that axis its
// size, once and for all.
bool fit_axes(const TensorType& field, const TensorType& wanted, const graph::Graph& graph,
              std::map<std::string, std::int64_t>& sizes) {
  if (field.dtype != wanted.dtype || field.shape.size() != wanted.shape.size()) return false;
  for (std::size_t i = 0; i < wanted.shape.size(); ++i) {
    const catalog::Dim &own = field.shape[i], &want = wanted.shape[i];
    if (own == want) continue;
    if (!own.is_number() || want.is_number()) return false;
    const auto bound = graph.axis_bounds.find(want.text());
    if (bound != graph.axis_bounds.end() && own.number() > bound->second) return false;
    if (sizes.emplace(want.text(), own.number()).first->second != own.number()) return false;
  }
  return true;
}

void report_other_type(const std::string& input, const graph::Value& value, const Field& field,
                       const DataSplit& split, const Job& job, Diagnostics& problems) {
  const TensorType wanted = with_sizes(wanted_type(value), job.axis_sizes);
  Diagnostic d = error(Code::FieldMismatch, value.span,
                       "the model's input '{}' is {}, but the data of '{}' gives {}", input,
                       to_string(wanted_type(value)), split.name, to_string(field.type))
                     .note_at(split.source.span, "the data comes from here");
  if (wanted != wanted_type(value))
    d = std::move(d).note("other fields make it {}", to_string(wanted));
  if (field.type.dtype == DType::U8 && is_floating(wanted.dtype) &&
      field.type.shape == wanted.shape)
    d = std::move(d).help("add to_f32 to its transforms: data.transforms.all.{}: [to_f32]", input);
  problems.add(std::move(d));
}

}  // namespace

std::vector<Field> transformed_fields(const Job& job, const SourceInfo& info,
                                      Diagnostics& problems) {
  std::vector<Field> out = info.fields;
  for (const FieldTransforms& transforms : job.transforms) {
    const auto field = std::find_if(out.begin(), out.end(),
                                    [&](const Field& f) { return f.name == transforms.field; });
    if (field == out.end()) {
      report_unknown_field(transforms, out, problems);
      continue;
    }
    // What evaluation makes of the field must have the type that training makes of it.
    Field common = *field;
    transform_field(transforms.all, common, problems);
    *field = common;
    transform_field(transforms.train, *field, problems);
    transform_field(transforms.eval, common, problems);
    if (common.type == field->type) continue;
    const auto& last = transforms.eval.empty() ? transforms.train : transforms.eval;
    problems.add(error(Code::FieldMismatch, last.back().span,
                       "'{}' becomes {} in training, but {} in evaluation", field->name,
                       to_string(field->type), to_string(common.type))
                     .help("give `train` and `eval` transforms that end with one type"));
  }
  return out;
}

void check_fields(const graph::Graph& graph, const std::vector<Field>& fields,
                  const DataSplit& split, Job& job, Diagnostics& problems) {
  for (const graph::NamedValue& input : graph.inputs) {
    const graph::Value& value = graph.values[static_cast<std::size_t>(input.value)];
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& f) { return f.name == input.name; });
    if (field == fields.end()) {
      report_no_field(input.name, value, fields, split, problems);
      continue;
    }
    const std::int64_t num_rows = embedding_rows(graph, input.value);
    if (num_rows > 0 && field->num_classes > num_rows) {
      problems.add(error(Code::FieldMismatch, value.span,
                         "the model looks up '{}' among {} vectors, but the data of '{}' has {} "
                         "different ones",
                         input.name, num_rows, split.name, field->num_classes)
                       .note_at(split.source.span, "the data comes from here")
                       .help("make the embedding larger: num: {}", field->num_classes));
    }
    if (fit_axes(field->type, wanted_type(value), graph, job.axis_sizes)) continue;
    report_other_type(input.name, value, *field, split, job, problems);
  }
}

namespace {

void report_more_classes(const DataSplit& split, const Field& field, std::int64_t num_trained,
                         Diagnostics& problems) {
  problems.add(error(Code::FieldMismatch, split.source.span,
                     "'{}' of '{}' has {} classes, but in the training data it has {}", field.name,
                     split.name, field.num_classes, num_trained)
                   .help("every part of the data must have the classes of `train`"));
}

}  // namespace

void check_same_fields(const Job& job, const DataSplit& split, const SourceInfo& info,
                       const std::vector<Field>& trained, Diagnostics& problems) {
  Diagnostics told;  // what is wrong with the transforms
  const std::vector<Field> fields = transformed_fields(job, info, told);
  for (const Field& wanted : trained) {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& f) { return f.name == wanted.name; });
    if (field != fields.end() && field->type == wanted.type) {
      if (wanted.num_classes > 0 && field->num_classes > wanted.num_classes)
        report_more_classes(split, *field, wanted.num_classes, problems);
      continue;
    }
    problems.add(error(Code::FieldMismatch, split.source.span,
                       "'{}' has {}, but the training data has '{}' as {}", split.name,
                       field == fields.end() ? "no field '" + wanted.name + "'"
                                             : "'" + wanted.name + "' as " + to_string(field->type),
                       wanted.name, to_string(wanted.type))
                     .help("every part of the data must have the same fields"));
  }
}

namespace {

std::int64_t num_shared(const SampleRanges& a, const SampleRanges& b) {
  std::int64_t out = 0;
  for (const SampleRange& one : a) {
    for (const SampleRange& other : b)
      out += std::max<std::int64_t>(
          0, std::min(one.end, other.end) - std::max(one.begin, other.begin));
  }
  return out;
}

// Which parts of the data may share samples: what is trained on may, and sets of one part, each of
// which is measured by itself.
bool may_share(const DataSplit& a, const DataSplit& b) {
  if (a.is_of_training() && b.is_of_training()) return true;
  return a.name.find('/') != std::string::npos &&
         a.name.substr(0, a.name.find('/')) == b.name.substr(0, b.name.find('/'));
}

void report_overlap(const DataSplit& a, const DataSplit& b, const std::string& what,
                    Diagnostics& problems) {
  problems.add(error(Code::SliceOverlap, b.span, "'{}' and '{}' share {}", a.name, b.name, what)
                   .note_at(a.span, "the other slice is here")
                   .help("make the slices disjoint, or say `allow_overlap: true`"));
}

}  // namespace

void check_slices(const Job& job, const std::vector<SourceInfo>& infos, bool allow_overlap,
                  Diagnostics& problems) {
  std::vector<std::optional<SampleRanges>> ranges;
  for (std::size_t i = 0; i < job.splits.size(); ++i) {
    Result<SampleRanges> selected = select_samples(job.splits[i], infos[i]);
    if (!selected) problems.add(selected.error());
    ranges.push_back(selected ? std::optional(*std::move(selected)) : std::nullopt);
  }
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    for (std::size_t j = i + 1; j < ranges.size() && !allow_overlap; ++j) {
      const DataSplit &a = job.splits[i], &b = job.splits[j];
      if (!ranges[i] || !ranges[j] || may_share(a, b) || !same_source(a, b)) continue;
      const std::int64_t shared = num_shared(*ranges[i], *ranges[j]);
      if (a.shuffle_seed != b.shuffle_seed)
        report_overlap(a, b, "samples: each permutes them in another way", problems);
      else if (shared > 0)
        report_overlap(a, b,
                       fmt::format("{} {}", shared, infos[i].window > 0 ? "tokens" : "samples"),
                       problems);
    }
  }
}

}  // namespace fdl::job
