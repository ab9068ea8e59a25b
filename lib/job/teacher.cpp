#include "lib/job/teacher.h"

#include <algorithm>

#include "lib/graph/build.h"
#include "lib/job/initial_weights.h"
#include "lib/job/load.h"
#include "lib/job/run_folder.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

namespace fs = std::filesystem;
using config::Node;

constexpr const char* kName = "teacher";

// All of the graph, from the run's best checkpoint.
graph::Load load_of(const graph::Graph& graph, const fs::path& run, const std::string& shown,
                    const Span& span) {
  graph::Load out;
  out.request.from = run;
  out.request.shown = shown;
  out.request.span = span;
  for (std::size_t i = 0; i < graph.tensors.size(); ++i)
    out.targets.push_back({static_cast<int>(i), graph.tensors[i].path});
  return out;
}

// The graph of a run, or of a manifest that loads its weights.
std::optional<graph::Graph> build_teacher(const std::string& from, const Span& span,
                                          const TeacherContext& context, Diagnostics& problems) {
  const fs::path path = context.folder / from;
  const bool is_trained = is_run(path);
  std::error_code ignored;
  if (!is_trained && !fs::is_regular_file(path, ignored)) {
    problems.add(
        error(Code::WeightsMissing, span, "the teacher '{}' is no run and no manifest", from)
            .help("paths start at the manifest's folder; `fdl runs` lists runs"));
    return std::nullopt;
  }
  const auto manifest =
      is_trained ? load_run(path, problems)
                 : config::load_manifest(path, {}, merge_rules(), context.folder, problems);
  if (!manifest) return std::nullopt;
  std::optional<graph::Graph> out = graph::build_graph(*manifest, context.environment, problems);
  if (!out) return std::nullopt;
  if (is_trained) {
    out->loads = {load_of(*out, path, from, span)};
  } else if (out->loads.empty() && !out->tensors.empty()) {
    problems.add(
        error(Code::WeightsMissing, span, "the teacher '{}' has no trained weights", from)
            .help("name a run, or say in its model where they are: load: weights.safetensors"));
    return std::nullopt;
  }
  if (out->states.empty()) return out;
  problems.add(error(Code::DoNotGoTogether, span,
                     "the teacher '{}' has `state:`, which a teacher cannot have", from)
                   .help("take a teacher that sees whole sequences"));
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> Teacher::find(std::string_view name) const {
  if (name == kName && outputs.size() == 1) return 0;
  const auto it = std::find(outputs.begin(), outputs.end(), name);
  if (it == outputs.end()) return std::nullopt;
  return static_cast<std::size_t>(it - outputs.begin());
}

bool read_teacher(const Node& training, const TeacherContext& context,
                  const std::vector<Field>& fields, Job& job, Diagnostics& problems) {
  const Node* node = training.find(kName);
  if (node == nullptr || node->is_null()) return true;
  TeacherKeys keys;
  Diagnostics told_already;  // by the binding of all of `training`
  config::bind_record(record_spec(&keys), *node, &keys, told_already);
  if (told_already.has_errors()) return false;
  const Node* from = node->find("from");
  auto graph =
      build_teacher(keys.from, from != nullptr ? from->span : node->span, context, problems);
  if (!graph) return false;
  Job its_own = job;  // named axes of the teacher are its own
  const std::size_t num_before = problems.size();
  check_fields(*graph, fields, *job.find_split("train"), its_own, problems);
  if (!context.skips_files) plan_loads(*graph, problems);
  if (problems.size() != num_before) return false;
  Teacher out{*std::move(graph), {}, {}};
  for (const graph::NamedValue& output : out.graph.outputs) {
    const graph::Value& value = out.graph.values[static_cast<std::size_t>(output.value)];
    out.outputs.push_back(std::string(kName) + "." + output.name);
    out.types.push_back(with_sizes(value.type, its_own.axis_sizes));
  }
  job.training.teacher = std::make_shared<const Teacher>(std::move(out));
  return true;
}

}  // namespace fdl::job
