#pragma once

#include "lib/config/layers.h"
#include "lib/job/job.h"
#include "lib/job/records.h"

// The parts of job::check.
namespace fdl::job {

// Reports top-level keys that are no section. sections.cpp
void check_sections(const config::Node& root, Diagnostics& problems);

// `data`, `training` and `output` as written, with everything that needs no graph checked.
// job.cpp
std::optional<Job> read_job(const config::Manifest& manifest, Diagnostics& problems);

// The parts of the data, by name. splits.cpp
void read_splits(const DataKeys& keys, Job& job, Diagnostics& problems);
// And those that phases bring.
void read_phase_splits(const config::Node& training, Job& job, Diagnostics& problems);
// "train/warm" of the phase "warm"; one without a name goes by its place.
std::string phase_split_name(const config::Node& phase, std::size_t place);

// By which field the sampler draws, and what the transforms of batches mix; checks both. After the
// losses have been read. batches.cpp
void settle_sampler(const std::vector<Field>& fields, Job& job, Diagnostics& problems);
void settle_mixing(const graph::Graph& graph, const std::vector<Field>& fields, Job& job,
                   Diagnostics& problems);

// Tokens that are masked need a field of labels that draws alike, and the other way round.
void check_masking(const Job& job, Diagnostics& problems);

// What a loss or metric is compared on: `output:` and `target:` as given, or found. targets.cpp
struct Offered {
  const graph::Graph& graph;
  const std::vector<Field>& fields;                       // after transforms
  const std::map<std::string, std::int64_t>& axis_sizes;  // Job::axis_sizes
  const Teacher* teacher = nullptr;
};
// Where the data is not there to compare with: names and parameters of losses and metrics, and the
// keys of phases.
void check_compared_words(const config::Node& training, Diagnostics& problems);
void check_phase_words(const config::Node& training, Diagnostics& problems);
void read_losses(const config::Node& training, const Offered& offered, Training& out,
                 Diagnostics& problems);
void read_metrics(const config::Node& training, const Offered& offered, Training& out,
                  Diagnostics& problems);

// Names under which the job records what it measures: "val/f1". recorded.cpp
std::vector<std::string> recorded_names(const Job& job);
// Reports a metric that is not among them.
bool is_computed(const Job& job, const std::string& metric, const Span& at, Diagnostics& problems);
// The trends of a section that has the keys `stalled` and `converged`.
std::vector<Trend> read_trends(const config::Node& section, const TrendKeys& stalled,
                               const TrendKeys& converged, const Job& job, Diagnostics& problems);
// `training.expressions` and `training.early_stop`.
void read_expressions(const config::Node& training, Job& job, Diagnostics& problems);
void read_early_stop(const config::Node& training, Job& job, Diagnostics& problems);

// `sweep`, when there is one. sweep.cpp
std::optional<Sweep> read_sweep(const config::Manifest& manifest, const Job& job,
                                Diagnostics& problems);

// The parameters of the model by the optimizer's `groups:`. parameter_groups.cpp
// `more` are groups after them.
std::vector<ParameterGroup> read_groups(const catalog::Choice& optimizer, const graph::Graph& graph,
                                        Diagnostics& problems, const config::Node& more = {});

// `output.observe`. observe.cpp
void read_observe(const config::Node& list, const graph::Graph& graph, Observe& out,
                  Diagnostics& problems);

// `training.teacher`, whose inputs are fields as one call of the model sees them. teacher.cpp
struct TeacherContext {
  std::filesystem::path folder;  // where its path starts
  const config::Environment& environment;
  bool skips_files = false;  // does not look for its weights
};
// False when it cannot teach, which is then told.
bool read_teacher(const config::Node& training, const TeacherContext& context,
                  const std::vector<Field>& fields, Job& job, Diagnostics& problems);

// `training.phases`. phases.cpp
void read_phases(const config::Node& training, const graph::Graph& graph, Job& job,
                 Diagnostics& problems);

// The rules of single updates: clip, ema, nan, spikes, precision, accumulate. rules.cpp
void read_rules(const config::Node& training, const graph::Graph& graph, Training& out,
                Diagnostics& problems);

// Warns of schedules that outlast the run; `num_samples` is 0 where it is not known.
// schedule_checks.cpp
void check_schedules(const Training& training, std::int64_t num_samples, Diagnostics& problems);

// Fields of the training data after its transforms against the model's inputs, which gives named
// axes their sizes; slices and overlaps. data_checks.cpp
std::vector<Field> transformed_fields(const Job& job, const SourceInfo& info,
                                      Diagnostics& problems);
void check_fields(const graph::Graph& graph, const std::vector<Field>& fields,
                  const DataSplit& split, Job& job, Diagnostics& problems);
// Holds a split for evaluation to the fields of the training data.
void check_same_fields(const Job& job, const DataSplit& split, const SourceInfo& info,
                       const std::vector<Field>& trained, Diagnostics& problems);
// What one call of a model with states sees of fields that have an axis of positions in front, and
// how many positions there are; reports fields that have none. sequences.cpp
struct FieldsOfCall {
  std::vector<Field> fields;
  std::int64_t num_positions = 0;
};
std::optional<FieldsOfCall> fields_of_call(const graph::Graph& graph, std::vector<Field> fields,
                                           const DataSplit& split, Diagnostics& problems);
void check_slices(const Job& job, const std::vector<SourceInfo>& infos, bool allow_overlap,
                  Diagnostics& problems);

}  // namespace fdl::job
