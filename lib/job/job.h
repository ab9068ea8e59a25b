#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/base/result.h"
#include "lib/catalog/catalog.h"
#include "lib/catalog/passes.h"
#include "lib/config/layers.h"
#include "lib/graph/graph.h"
#include "lib/job/early_stop.h"
#include "lib/job/expression.h"
#include "lib/job/observe.h"
#include "lib/job/phases.h"
#include "lib/job/rules.h"
#include "lib/job/sweep.h"
#include "lib/job/teacher.h"

// The typed job: `data`, `training` and `output` of a manifest, bound and checked against the
// graph.
namespace fdl::job {

// One of k equal parts of a slice: train leaves it out, the others are nothing else.
struct Fold {
  std::int64_t k = 2, index = 0;
};

// The most batches that are gone through: a number, or a share of them all.
struct BatchLimit {
  std::optional<std::int64_t> batches;
  double share = 1;

  // Of so many batches; a share of some is at least one.
  std::int64_t of(std::int64_t num_batches) const;
};

// One named part of the data: "train", "val", "test", a set of several: "val/clean", or what a
// phase trains on instead of "train": "train/<phase>".
struct DataSplit {
  std::string name;
  catalog::Choice source;
  std::string slice;                         // "start:stop" in samples or percent, "" for all
  std::optional<std::int64_t> shuffle_seed;  // permutes before slicing
  std::optional<Fold> fold;                  // of the slice
  BatchLimit limit;
  Span span;
  bool is_readable = true;  // false when its own keys were wrong, which was told

  bool is_of_training() const { return name == "train" || name.starts_with("train/"); }
};

// Transforms of one field, in order.
struct FieldTransforms {
  std::string field;
  std::vector<catalog::Choice> all, train, eval;  // `all` run first
};

// How the training samples of an epoch are drawn.
struct Sampler {
  catalog::Choice what;
  std::string field;  // that it draws by
};

// Where samples stay that have been decoded or parsed once.
enum class Cache { Auto, Memory, Disk, None };

struct Loader {
  std::int64_t workers = 1;
  std::int64_t prefetch = 4;  // batches made ahead
  bool shuffle = true;        // of training; evaluation never does
  bool drop_last = false;
  std::optional<Sampler> sampler;  // else one by one
  Cache cache = Cache::Auto;
};

// What mixes the samples of training batches. Losses compare, in the place of a mixed field of
// classes, one of their shares.
struct Mixing {
  std::vector<catalog::Choice> choices;  // each batch draws one; none: nothing is mixed
  std::vector<std::string> fields;       // numbers
  std::vector<std::string> labels;       // classes

  bool mixes_label(std::string_view field) const;
};

// A tensor that a loss or metric compares: a value of the model, a field of the data, a tensor that
// the model owns, or an output of the teacher; none where an optional one is not given.
struct Compared {
  graph::ValueId value = graph::kAbsent;
  std::string field;
  int tensor = -1;  // index into Graph::tensors
  int taught = -1;  // index into Teacher::outputs

  bool is_value() const { return value != graph::kAbsent; }
  bool is_field() const { return !field.empty(); }
  bool is_tensor() const { return tensor >= 0; }
  bool is_taught() const { return taught >= 0; }
};

struct Loss {
  catalog::Choice what;
  double weight = 1;
  std::vector<Compared> compared;  // one for each of the entry's
};

struct Metric {
  catalog::Choice what;
  std::string name;  // "accuracy"; recorded as "val/accuracy"
  std::vector<Compared> compared;
  std::vector<std::string> recorded;      // its values: "accuracy", or "f1/0", "f1/1", ...
  std::vector<std::string> table_labels;  // of one that is a table
};

struct Checkpoints {
  std::int64_t every_epochs = 1;  // two of the three are 0
  std::int64_t every_steps = 0;
  double every_seconds = 0;
  bool initial = false;
  std::int64_t keep_last = 1;
  std::string best_metric;  // "val/accuracy"; "" keeps none
  bool best_is_max = false;
  std::int64_t keep_best = 1;
};

// Samples whose outputs are kept while the model trains.
struct KeptSamples {
  std::int64_t n = 0;             // 0 keeps none
  std::int64_t every_epochs = 0;  // both 0: with each validation
  std::int64_t every_steps = 0;
  std::int64_t length = 0;  // of text, in tokens
};

struct Training {
  std::optional<std::int64_t> epochs;
  std::optional<std::int64_t> steps;
  std::optional<double> max_time_s;  // of all starts of the run together
  std::int64_t overfit_batches = 0;  // above 0: train on these alone, without validation
  bool smoke = false;                // one batch of everything
  std::int64_t batch_size = 32;
  bool batch_size_is_auto = false;  // not settled yet
  std::int64_t accumulate = 1;      // batches of one update
  std::int64_t seed = 42;
  Precision precision = Precision::F32;
  DeviceChoice device;
  bool is_deterministic = true;  // one seed, one device: the same bits
  catalog::Passes passes;
  std::string passes_off_by;               // what turns some of them off: "compile: false"
  std::int64_t validate_every_epochs = 1;  // one of the two is 0
  std::int64_t validate_every_steps = 0;
  std::vector<Loss> losses;
  std::vector<Metric> metrics;
  std::vector<NamedExpression> expressions;
  std::optional<EarlyStop> early_stop;
  std::vector<ClipRule> clip;  // each parameter is in one at most
  std::optional<Ema> ema;
  NanRule nan;
  std::optional<SpikeRule> spikes;
  std::optional<WatchdogRule> watchdog;
  std::shared_ptr<const Teacher> teacher;
  catalog::Choice optimizer;  // as chosen, without regard to its groups
  // What it does to which parameters, each in one of them. The first has the optimizer's own
  // values, and may have no parameter.
  std::vector<ParameterGroup> groups;
  std::vector<catalog::Choice> schedules;  // empty: constant
  std::vector<Phase> phases;               // empty: one that trains all

  // Whether more is better, of a metric by its recorded name: "val/accuracy".
  bool higher_is_better(std::string_view recorded) const;
};

// A field that a data source offers.
struct Field {
  std::string name;
  catalog::TensorType type;      // without the batch axis; a named axis is as long as the sample
  std::int64_t num_classes = 0;  // of labels and tokens: they are 0 ... num_classes - 1
  // Of a field whose first axis differs from sample to sample: what fills up the shorter ones of a
  // batch.
  double pad = 0;
  std::string mask_of = {};  // of a mask: the field that it tells the real elements of
  // What the numbers of labels and tokens stand for, where it is known, in the order of the
  // numbers.
  std::shared_ptr<const std::vector<std::string>> words = {};

  bool is_ragged() const { return !type.shape.empty() && !type.shape.front().is_number(); }
};

// What the headers of a source say.
struct SourceInfo {
  std::vector<Field> fields;                 // masks last
  std::int64_t num_samples = 0;              // or tokens, where samples are windows
  std::vector<std::filesystem::path> files;  // that hold them
  // Of samples that are windows: `window` tokens and the one after them, from every stride-th token
  // on. Slices count tokens then, so that no two share any.
  std::int64_t window = 0, stride = 0;
  std::shared_ptr<const void> details = {};  // what the source's inspector tells its opener
};

struct Job {
  std::string description;
  std::filesystem::path folder;  // relative paths in the manifest start here
  std::filesystem::path output_dir = "runs";
  std::filesystem::path cache_folder;  // of the user, for what can be made again
  std::vector<DataSplit> splits;
  std::vector<FieldTransforms> transforms;
  Mixing mixing;
  Loader loader;
  std::map<std::string, double> pads;  // by field, in the place of its own
  // Named axes of the model that the training data gives one size: T of a text in windows.
  std::map<std::string, std::int64_t> axis_sizes;
  Training training;
  Checkpoints checkpoints;
  KeptSamples samples;
  Observe observe;
  std::optional<int> monitor_port;  // of the live dashboard
  bool writes_tensorboard = false;
  // Of a model with states: the length of the training data's sequences, along which it is called.
  std::int64_t num_positions = 0;

  const DataSplit* find_split(std::string_view name) const;
  // The split of that name, or all sets of a part: "val" stands for "val/clean" and "val/noisy".
  std::vector<const DataSplit*> find_splits(std::string_view name) const;
};

// The part of the data that measures of averaged weights stand under: "val_ema" for "val",
// "val_ema/clean" for "val/clean".
std::string averages_name(const std::string& part);

// Half-open range of samples.
struct SampleRange {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
};
using SampleRanges = std::vector<SampleRange>;  // disjoint, none empty, in order

// What the whole language knows about merging (optimizers, losses, sources, steps) and presets.
const config::MergeRules& merge_rules();

// The keys of `data`, `training`, `output` and `commands`, for help, defaults and docs.
const config::RecordSpec& data_record();
const config::RecordSpec& split_record();  // beside the source of a part of the data
const config::RecordSpec& training_record();
const config::RecordSpec& output_record();
const config::RecordSpec& sweep_record();

// Everything `fdl check` finds in one manifest: unknown sections, the graph, the job and, unless
// `skip_data`, the headers of its data files.
struct Checked {
  std::optional<graph::Graph> graph;
  std::optional<Job> job;      // when the manifest has one
  std::optional<Sweep> sweep;  // likewise
};
Checked check(const config::Manifest& manifest, const config::Environment& environment,
              bool skip_data, Diagnostics& problems);

// Fields and number of samples of a split's source, from the headers of its files. `graph` gives
// synthetic data its shapes. Errors: FDL5101, FDL5102, FDL4003, FDL2xxx.
Result<SourceInfo> inspect_source(const DataSplit& split, const Job& job,
                                  const graph::Graph& graph);

// `type` with the sizes of the named axes that `sizes` has.
catalog::TensorType with_sizes(catalog::TensorType type,
                               const std::map<std::string, std::int64_t>& sizes);

// The samples (or tokens) that a split selects by its slice and fold, of so many; after its
// permutation, if it has one. Errors: FDL4007.
Result<SampleRanges> select_places(const DataSplit& split, std::int64_t num_samples);

// Those of its source. Errors: FDL4007, also where no window fits.
Result<SampleRanges> select_samples(const DataSplit& split, const SourceInfo& info);

// How many samples are in a range: as many as it is long, or the windows that fit into it.
std::int64_t num_samples_in(const SampleRange& range, const SourceInfo& info);
std::int64_t num_samples_in(const SampleRanges& ranges, const SourceInfo& info);

// Reads "10:", ":90%", "55000:60000" against a source of `num_samples`.
Result<SampleRange> read_slice(const std::string& text, std::int64_t num_samples, const Span& span);

}  // namespace fdl::job
