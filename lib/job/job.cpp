#include "lib/job/job.h"

#include <algorithm>
#include <array>

#include "lib/base/closest.h"
#include "lib/catalog/schedules/warmup.h"
#include "lib/job/duration.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

using config::Node;

// "1 epoch" or "500 steps"; one of the two numbers is set.
void read_interval(const Node* node, const std::string& text, std::int64_t& epochs,
                   std::int64_t& steps, Diagnostics& problems) {
  const std::size_t space = text.find(' ');
  const auto count = config::parse_integer(text.substr(0, space));
  const std::string unit = space == std::string::npos ? "" : text.substr(space + 1);
  epochs = steps = 0;
  if (count && *count >= 1 && (unit == "epoch" || unit == "epochs")) {
    epochs = *count;
  } else if (count && *count >= 1 && (unit == "step" || unit == "steps")) {
    steps = *count;
  } else {
    problems.add(error(Code::BadDuration, node != nullptr ? node->span : Span{},
                       "the interval '{}' cannot be read", text)
                     .help("write `1 epoch` or `500 steps`"));
  }
}

std::vector<catalog::Choice> read_choices(catalog::EntryKind kind, const Node& node,
                                          Diagnostics& problems) {
  std::vector<catalog::Choice> out;
  const auto take = [&](const Node& item) {
    if (auto choice = catalog::read_choice(kind, item, {}, problems))
      out.push_back(std::move(*choice));
  };
  if (node.is_list()) {
    for (const Node& item : node.items) take(item);
  } else if (!node.is_null()) {
    take(node);
  }
  return out;
}

void read_transforms(const TransformKeys& keys, Job& job, Diagnostics& problems) {
  const auto field_named = [&](const std::string& name) -> FieldTransforms& {
    const auto it = std::find_if(job.transforms.begin(), job.transforms.end(),
                                 [&](const auto& t) { return t.field == name; });
    if (it != job.transforms.end()) return *it;
    job.transforms.push_back({name, {}, {}, {}});
    return job.transforms.back();
  };
  const auto take = [&](const Node& node, std::vector<catalog::Choice> FieldTransforms::*where) {
    if (!node.is_map() && !node.is_null())
      problems.add(config::wrong_type(node, "transforms", "a map of fields to transforms"));
    for (const config::Entry& entry : node.entries)
      field_named(entry.key).*where =
          read_choices(catalog::EntryKind::Transform, entry.value, problems);
  };
  take(keys.all, &FieldTransforms::all);
  take(keys.train, &FieldTransforms::train);
  take(keys.eval, &FieldTransforms::eval);
  job.mixing.choices = read_choices(catalog::EntryKind::BatchTransform, keys.batch, problems);
}

void read_loader(const LoaderKeys& keys, Job& job, Diagnostics& problems) {
  job.loader = {keys.workers, keys.prefetch, keys.shuffle, keys.drop_last, std::nullopt, {}};
  const auto cache = std::find(kCaches.begin(), kCaches.end(), keys.cache);
  if (cache != kCaches.end()) job.loader.cache = static_cast<Cache>(cache - kCaches.begin());
  if (keys.sampler.is_null()) return;
  auto choice = catalog::read_choice(catalog::EntryKind::Sampler, keys.sampler, {}, problems);
  if (!choice) return;
  if (!keys.shuffle) {
    problems.add(error(Code::DoNotGoTogether, choice->span,
                       "the sampler '{}' draws an order, but `shuffle: false` asks for none",
                       choice->name())
                     .help("leave one of the two out"));
  }
  job.loader.sampler = Sampler{*std::move(choice), ""};
}

void read_pads(const Node& node, Job& job, Diagnostics& problems) {
  if (!node.is_map() && !node.is_null())
    problems.add(config::wrong_type(node, "pad", "a map of fields to numbers"));
  for (const config::Entry& entry : node.entries) {
    if (!config::ValueTraits<double>::read(entry.value, job.pads[entry.key]))
      problems.add(config::wrong_type(entry.value, entry.key, "a number"));
  }
}

// Steps and epochs, or a time.
void read_checkpoint_interval(const Node* node, const std::string& text, Checkpoints& out,
                              Diagnostics& problems) {
  if (const auto seconds = parse_duration(text)) {
    out.every_epochs = 0;
    out.every_seconds = *seconds;
  } else {
    Diagnostics found;
    read_interval(node, text, out.every_epochs, out.every_steps, found);
    if (!found.has_errors()) return;
    problems.add(error(Code::BadDuration, node != nullptr ? node->span : Span{},
                       "the interval '{}' cannot be read", text)
                     .help("write `1 epoch`, `500 steps` or `10 minutes`"));
  }
}

void read_output(const config::Manifest& manifest, Job& job, Diagnostics& problems) {
  OutputKeys keys;
  const Node* section = manifest.root.find("output");
  if (section != nullptr) config::bind_record(output_record(), *section, &keys, problems);
  job.output_dir = keys.dir;
  if (keys.monitor) job.monitor_port = static_cast<int>(*keys.monitor);
  job.writes_tensorboard = keys.tensorboard;
  Checkpoints& c = job.checkpoints;
  read_interval(config::find_path(manifest.root, "output.observe.every"), keys.observe.every,
                job.observe.every_epochs, job.observe.every_steps, problems);
  read_checkpoint_interval(config::find_path(manifest.root, "output.checkpoint.every"),
                           keys.checkpoint.every, c, problems);
  c.initial = keys.checkpoint.initial;
  c.keep_last = keys.checkpoint.keep.last;
  c.best_metric = keys.checkpoint.keep.best.metric;
  c.best_is_max = keys.checkpoint.keep.best.mode == "max";
  c.keep_best = keys.checkpoint.keep.best.n;
  job.samples = {keys.samples.n, 0, 0, keys.samples.length};
  if (const Node* every = config::find_path(manifest.root, "output.samples.every");
      every != nullptr && !every->is_null())
    read_interval(every, keys.samples.every, job.samples.every_epochs, job.samples.every_steps,
                  problems);
}

// When the training ends: by its length, by the clock, or both.
void read_end(const Node& section, const TrainingKeys& keys, Training& out, Diagnostics& problems) {
  const auto given = [&](const char* key) {
    const Node* node = section.find(key);
    return node != nullptr && !node->is_null() ? node : nullptr;
  };
  out.epochs = keys.epochs;
  out.steps = keys.steps;
  if (const Node* node = given("max_time")) {
    out.max_time_s = parse_duration(keys.max_time);
    if (!out.max_time_s && node->is_scalar()) {
      problems.add(
          error(Code::BadDuration, node->span, "the duration '{}' cannot be read", keys.max_time)
              .help("{}", kDurationForms));
    }
  } else if (given("epochs") == nullptr && given("steps") == nullptr) {
    problems.add(error(Code::NoEnd, section.span, "this training has no end")
                     .help("give `epochs:`, `steps:` or `max_time:`"));
  }
}

// A schedule that ends with the run has to know when that is.
void check_schedules(const Training& training, Diagnostics& problems) {
  if (training.epochs || training.steps) return;
  for (const catalog::Choice& schedule : training.schedules) {
    const bool is_share =
        schedule.name() == "warmup" && schedule.as<catalog::schedules::WarmupParams>().fraction > 0;
    if (!schedule.spec->needs_end && !is_share) continue;
    problems.add(error(Code::NoEnd, schedule.span,
                       "'{}' goes by the length of the training, which has no number of steps",
                       schedule.name())
                     .help("give `epochs:` or `steps:` beside `max_time:`, or another schedule"));
  }
}

// What `overfit` and `smoke` leave of the data.
void limit_batches(Job& job) {
  for (DataSplit& split : job.splits) {
    const bool is_train = split.is_of_training();
    if (is_train && job.training.overfit_batches > 0)
      split.limit = {job.training.overfit_batches, 1};
    if (!is_train && job.training.smoke) split.limit = {1, 1};
  }
}

void read_training(const Node& section, Job& job, Diagnostics& problems) {
  TrainingKeys keys;
  config::bind_record(training_record(), section, &keys, problems);
  Training& t = job.training;
  read_end(section, keys, t, problems);
  t.overfit_batches = keys.overfit.value_or(0);
  t.smoke = keys.smoke;
  t.batch_size = keys.batch_size.num_samples;
  t.batch_size_is_auto = keys.batch_size.is_auto;
  t.seed = keys.seed;
  read_interval(config::find_path(section, "validate.every"), keys.validate.every,
                t.validate_every_epochs, t.validate_every_steps, problems);
  if (keys.optimizer.is_null()) {
    problems.add(error(Code::MissingKey, section.span, "'training' needs 'optimizer'")
                     .help("for example optimizer: {{ adamw: {{ lr: 1e-3 }} }}"));
  } else if (auto choice = catalog::read_choice(catalog::EntryKind::Optimizer, keys.optimizer, {},
                                                problems)) {
    t.optimizer = std::move(*choice);
  }
  t.schedules = read_choices(catalog::EntryKind::Schedule, keys.schedule, problems);
  if (t.max_time_s) check_schedules(t, problems);
  if (keys.loss.is_null())
    problems.add(error(Code::MissingKey, section.span, "'training' needs 'loss'")
                     .help("for example loss: cross_entropy"));
}

}  // namespace

bool Training::higher_is_better(std::string_view recorded) const {
  // The part of the data in front may be that of a set: "val/clean/f1/0".
  const std::string* longest = nullptr;
  bool out = false;
  for (const Metric& metric : metrics) {
    for (const std::string& name : metric.recorded) {
      if (!recorded.ends_with("/" + name) || (longest && longest->size() >= name.size())) continue;
      longest = &name;
      out = metric.what.spec->higher_is_better;
    }
  }
  return out;
}

std::optional<Job> read_job(const config::Manifest& manifest, Diagnostics& problems) {
  Job job;
  job.folder = manifest.folder;
  if (const Node* text = manifest.root.find("description"); text != nullptr)
    job.description = text->text;
  const Node* data = manifest.root.find("data");
  const Node* training = manifest.root.find("training");
  DataKeys keys;
  if (data != nullptr) config::bind_record(record_spec(&keys), *data, &keys, problems);
  read_loader(keys.loader, job, problems);
  read_splits(keys, job, problems);
  if (training != nullptr) read_phase_splits(*training, job, problems);
  read_transforms(keys.transforms, job, problems);
  read_pads(keys.pad, job, problems);
  if (training != nullptr) read_training(*training, job, problems);
  limit_batches(job);
  read_output(manifest, job, problems);
  return job;
}

}  // namespace fdl::job
