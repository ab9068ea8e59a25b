#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/base/result.h"
#include "lib/catalog/catalog.h"
#include "lib/config/layers.h"
#include "lib/graph/graph.h"
#include "lib/job/early_stop.h"
#include "lib/job/expression.h"

// The typed job: `data`, `training` and `output` of a manifest, bound and checked against the
// graph.
namespace fdl::job {

// One named part of the data: train, val or test.
struct DataSplit {
  std::string name;
  catalog::Choice source;
  std::string slice;                         // "start:stop" in samples or percent, "" for all
  std::optional<std::int64_t> shuffle_seed;  // permutes before slicing
  Span span;
};

// Transforms of one field, in order.
struct FieldTransforms {
  std::string field;
  std::vector<catalog::Choice> all, train, eval;  // `all` run first
};

struct Loader {
  std::int64_t workers = 1;
  std::int64_t prefetch = 4;  // batches made ahead
  bool shuffle = true;        // of training; evaluation never does
  bool drop_last = false;
};

// A tensor that a loss or metric compares: a value of the model or a field of the data; neither
// where an optional one is not given.
struct Compared {
  graph::ValueId value = graph::kAbsent;
  std::string field;

  bool is_value() const { return value != graph::kAbsent; }
  bool is_field() const { return !field.empty(); }
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
  std::int64_t every_epochs = 1;  // one of the two is 0
  std::int64_t every_steps = 0;
  bool initial = false;
  std::int64_t keep_last = 1;
  std::string best_metric;  // "val/accuracy"; "" keeps none
  bool best_is_max = false;
  std::int64_t keep_best = 1;
};

// Parameters that one optimizer updates with the same values.
struct ParameterGroup {
  catalog::Choice optimizer;
  std::vector<std::string> paths;  // of trained tensors
};

struct Training {
  std::optional<std::int64_t> epochs;
  std::optional<std::int64_t> steps;
  std::int64_t batch_size = 32;
  std::int64_t seed = 42;
  std::int64_t validate_every_epochs = 1;  // one of the two is 0
  std::int64_t validate_every_steps = 0;
  std::vector<Loss> losses;
  std::vector<Metric> metrics;
  std::vector<NamedExpression> expressions;
  std::optional<EarlyStop> early_stop;
  catalog::Choice optimizer;  // as chosen, without regard to its groups
  // What it does to which parameters, each in one of them. The first has the optimizer's own
  // values, and may have no parameter.
  std::vector<ParameterGroup> groups;
  std::vector<catalog::Choice> schedules;  // empty: constant

  // Whether more is better, of a metric by its recorded name: "val/accuracy".
  bool higher_is_better(std::string_view recorded) const;
};

// A field that a data source offers: its type without the batch axis, and for class labels how
// many.
struct Field {
  std::string name;
  catalog::TensorType type;
  std::int64_t num_classes = 0;
};

// What the headers of a source say.
struct SourceInfo {
  std::vector<Field> fields;
  std::int64_t num_samples = 0;
  std::vector<std::filesystem::path> files;  // that hold them, in the order of the fields
};

struct Job {
  std::string description;
  std::filesystem::path folder;  // relative paths in the manifest start here
  std::filesystem::path output_dir = "runs";
  std::vector<DataSplit> splits;
  std::vector<FieldTransforms> transforms;
  Loader loader;
  Training training;
  Checkpoints checkpoints;

  const DataSplit* find_split(std::string_view name) const;
};

// Half-open range of samples that a slice selects. Problems: FDL4007.
struct SampleRange {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
};

// What the whole language knows about merging (optimizers, losses, sources, steps) and presets.
const config::MergeRules& merge_rules();

// The keys of `data`, `training`, `output` and `commands`, for help, defaults and docs.
const config::RecordSpec& data_record();
const config::RecordSpec& training_record();
const config::RecordSpec& output_record();

// Everything `fdl check` finds in one manifest: unknown sections, the graph, the job and, unless
// `skip_data`, the headers of its data files.
struct Checked {
  std::optional<graph::Graph> graph;
  std::optional<Job> job;  // when the manifest has one
};
Checked check(const config::Manifest& manifest, const config::Environment& environment,
              bool skip_data, Diagnostics& problems);

// Fields and number of samples of a source, from the headers of its files. `graph` gives synthetic
// data its shapes. Errors: FDL5101, FDL5102, FDL2xxx.
Result<SourceInfo> inspect_source(const catalog::Choice& source, const graph::Graph& graph,
                                  const std::filesystem::path& folder);

// Reads "10:", ":90%", "55000:60000" against a source of `num_samples`.
Result<SampleRange> read_slice(const std::string& text, std::int64_t num_samples, const Span& span);

}  // namespace fdl::job
