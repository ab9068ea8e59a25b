#include "lib/job/initial_weights.h"

namespace fdl::job {
namespace {

std::string part_text(const graph::Load& load) {
  return load.path.empty() ? "the model" : "'" + load.path + "'";
}

std::vector<weights::Target> targets_of(const graph::Graph& graph, const graph::Load& load) {
  std::vector<weights::Target> out;
  for (const graph::Load::Target& target : load.targets) {
    const auto tensor = static_cast<std::size_t>(target.tensor);
    out.push_back({target.name, tensor, graph.tensors[tensor].shape});
  }
  return out;
}

}  // namespace

std::string LoadPlan::summary() const {
  return fmt::format("{} from {}: {}", part_text(*load), load->request.shown, matching.summary());
}

std::vector<LoadPlan> plan_loads(const graph::Graph& graph, Diagnostics& problems) {
  std::vector<LoadPlan> out;
  for (const graph::Load& load : graph.loads) {
    Result<weights::WeightFiles> files = weights::open_weights(load.request.from);
    if (!files) {
      Diagnostic d = files.error();
      d.span = load.request.span;
      if (d.help_text.empty())
        d.help_text = "paths start at the folder of the manifest that names them";
      problems.add(std::move(d));
      continue;
    }
    LoadPlan plan{&load, *std::move(files), {}};
    plan.matching = weights::match(load.request, plan.files, targets_of(graph, load));
    if (auto d = weights::problem_of(load.request, plan.files, plan.matching, part_text(load)))
      problems.add(*std::move(d));
    out.push_back(std::move(plan));
  }
  return out;
}

}  // namespace fdl::job
