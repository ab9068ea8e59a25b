#include <algorithm>

#include "lib/catalog/schedules/plateau.h"
#include "lib/graph/build.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

using config::Node;

// The fields as each call of the model sees them, checked against its inputs. Empty when a loss
// cannot be checked on them.
std::optional<FieldsOfCall> checked_fields(Job& job, const graph::Graph& graph,
                                           const DataSplit& split, const std::vector<Field>& fields,
                                           Diagnostics& problems) {
  FieldsOfCall out{fields, 0};
  if (!graph.states.empty()) {
    auto seen = fields_of_call(graph, fields, split, problems);
    if (!seen) return std::nullopt;
    out = *std::move(seen);
  }
  check_fields(graph, out.fields, split, job, problems);
  return out;
}

// Best checkpoints are chosen by a metric that this job computes.
void check_best(Job& job, const config::Manifest& manifest, Diagnostics& problems) {
  Checkpoints& c = job.checkpoints;
  if (c.best_metric.empty()) return;
  const Node* at = config::find_path(manifest.root, "output.checkpoint.keep.best.metric");
  const Node* short_form = config::find_path(manifest.root, "output.checkpoint.keep.best");
  if (at == nullptr) at = short_form;
  if (!is_computed(job, c.best_metric, at != nullptr ? at->span : Span{}, problems)) return;
  if (config::find_path(manifest.root, "output.checkpoint.keep.best.mode") != nullptr) return;
  c.best_is_max = job.training.higher_is_better(c.best_metric);
}

void check_plateaus(const Job& job, Diagnostics& problems) {
  for (const catalog::Choice& schedule : job.training.schedules) {
    if (schedule.name() != "plateau") continue;
    const auto& params = schedule.as<catalog::schedules::PlateauParams>();
    is_computed(job, params.metric, schedule.span, problems);
  }
}

// `output.observe`, or its `values`; null where there are none.
const Node* observed_values(const config::Manifest& manifest) {
  const Node* node = config::find_path(manifest.root, "output.observe");
  if (node != nullptr && node->is_map()) node = node->find("values");
  return node != nullptr && !node->is_null() ? node : nullptr;
}

bool allows_overlap(const config::Manifest& manifest) {
  const Node* node = config::find_path(manifest.root, "data.allow_overlap");
  return node != nullptr && node->text == "true";
}

// Of each part; without fields where it cannot be read, which then is told.
std::vector<SourceInfo> inspect_all(const Job& job, const graph::Graph& graph, bool skip_data,
                                    bool& all_there, Diagnostics& problems) {
  std::vector<SourceInfo> out(job.splits.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const DataSplit& split = job.splits[i];
    Result<SourceInfo> info = split.is_readable ? inspect_source(split, job, graph) : SourceInfo{};
    all_there = all_there && split.is_readable && info.has_value();
    if (info) {
      out[i] = *std::move(info);
      continue;
    }
    const bool is_world =
        info.error().code == Code::DataMissing || info.error().code == Code::DataCorrupt;
    if (!skip_data || !is_world) problems.add(info.error());
  }
  return out;
}

void check_data(Job& job, const graph::Graph& graph, const config::Manifest& manifest,
                const config::Environment& environment, bool skip_data, Diagnostics& problems) {
  bool all_there = true;
  const std::vector<SourceInfo> infos = inspect_all(job, graph, skip_data, all_there, problems);
  const DataSplit* train = job.find_split("train");
  const Node& training = *manifest.root.find("training");
  const Node* given = manifest.root.find("data")->find("train");
  const SourceInfo info =
      train != nullptr ? infos[static_cast<std::size_t>(train - job.splits.data())] : SourceInfo{};
  if (train == nullptr && (given == nullptr || given->is_null())) {
    problems.add(error(Code::NoJob, manifest.root.find("data")->span, "'data' needs 'train'")
                     .help("for example train: {{ fashion_mnist: {{ split: train }} }}"));
  } else if (info.fields.empty()) {  // why was told; `training` as far as it goes without
    check_compared_words(training, problems);
    check_phase_words(training, problems);
  } else {
    const std::vector<Field> fields = transformed_fields(job, info, problems);
    const auto seen = checked_fields(job, graph, *train, fields, problems);
    if (!seen) return;
    job.num_positions = seen->num_positions;
    if (!read_teacher(training, {job.folder, environment, skip_data}, seen->fields, job, problems))
      return;
    const Offered offered{graph, seen->fields, job.axis_sizes, job.training.teacher.get()};
    read_losses(training, offered, job.training, problems);
    read_metrics(training, offered, job.training, problems);
    settle_sampler(fields, job, problems);
    settle_mixing(graph, fields, job, problems);
    check_masking(job, problems);
    for (const DataSplit& split : job.splits) {
      const auto i = static_cast<std::size_t>(&split - job.splits.data());
      if (&split != train && !infos[i].fields.empty())
        check_same_fields(job, split, infos[i], fields, problems);
    }
    read_expressions(training, job, problems);
    read_early_stop(training, job, problems);
    read_phases(training, graph, job, problems);
    check_best(job, manifest, problems);
    check_plateaus(job, problems);
    const Result<SampleRanges> ranges = select_samples(*train, info);
    const auto& phases = job.training.phases;
    const bool is_one = std::all_of(phases.begin(), phases.end(),
                                    [](const Phase& phase) { return phase.data.empty(); });
    const std::int64_t num_samples = ranges && is_one ? num_samples_in(*ranges, info) : 0;
    check_schedules(job.training, num_samples, problems);
  }
  if (all_there) check_slices(job, infos, allows_overlap(manifest), problems);
}

// As the XDG base directory specification says; without a home beside the runs.
std::filesystem::path cache_folder(const Job& job, const config::Environment& environment) {
  const auto folder_in = [&](const char* name) {
    const auto found = environment.find(name);
    const std::filesystem::path out = found != environment.end() ? found->second : "";
    return out.is_absolute() ? out : std::filesystem::path();
  };
  const std::filesystem::path own = folder_in("XDG_CACHE_HOME"), home = folder_in("HOME");
  if (!own.empty()) return own / "fdl";
  return home.empty() ? job.folder / job.output_dir / ".cache" : home / ".cache" / "fdl";
}

}  // namespace

Checked check(const config::Manifest& manifest, const config::Environment& environment,
              bool skip_data, Diagnostics& problems) {
  Checked out;
  check_sections(manifest.root, problems);
  const bool has_model = manifest.root.has("model");
  const bool has_job = manifest.root.has("training") || manifest.root.has("data");
  if (has_model) out.graph = graph::build_graph(manifest, environment, problems);
  if (!has_job) return out;
  for (const char* section : {"model", "data", "training"}) {
    if (manifest.root.has(section)) continue;
    problems.add(error(Code::NoJob, manifest.root.span, "this manifest has no '{}'", section)
                     .help("a job needs `model:`, `data:` and `training:`"));
    return out;
  }
  out.job = read_job(manifest, problems);
  if (out.job) out.job->cache_folder = cache_folder(*out.job, environment);
  if (out.graph && out.job && out.job->training.optimizer.spec != nullptr)
    out.job->training.groups = read_groups(out.job->training.optimizer, *out.graph, problems);
  if (out.graph && out.job)
    read_rules(*manifest.root.find("training"), *out.graph, out.job->training, problems);
  if (const Node* node = observed_values(manifest); node != nullptr && out.graph && out.job)
    read_observe(*node, *out.graph, out.job->observe, problems);
  if (out.graph && out.job) {
    check_data(*out.job, *out.graph, manifest, environment, skip_data, problems);
    const bool knows_metrics = !out.job->training.losses.empty();  // not without the data
    if (knows_metrics) out.sweep = read_sweep(manifest, *out.job, problems);
  }
  return out;
}

}  // namespace fdl::job
