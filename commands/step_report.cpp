#include "commands/step_report.h"

#include <algorithm>
#include <map>
#include <span>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "commands/plan_report.h"
#include "lib/plan/chains.h"
#include "lib/plan/conv_blocks.h"
#include "lib/plan/sizes.h"
#include "lib/plan/stretches.h"

namespace fdl::commands {
namespace {

using graph::Node;
using Way = plan::Stretch::Way;

// One line of the report: nodes that run as one, or a node by itself.
struct Line {
  std::size_t depth = 0;
  std::vector<const Node*> nodes;
  Way way = Way::Single;
  std::vector<std::string> kernels;                    // of those that run as one
  std::int64_t forward_bytes = 0, backward_bytes = 0;  // of a chain
  std::string reason;                                  // of a node by itself
};

std::string kind_of(const Node& node) {
  return node.spec != nullptr ? node.spec->name() : std::string(graph::to_string(node.kind));
}

class Steps {
 public:
  Steps(const graph::Graph& graph, const StepSetup& setup)
      : graph_(graph),
        sizes_(graph, setup.plan.batch_size),
        setup_(setup),
        fusion_(graph, setup.plan.passes, setup.on_gpu) {
    count_reads(graph.root);
    for (const graph::NamedValue& output : graph.outputs) ++num_reads_[output.value];
    add(graph.root.nodes, 0);
  }

  const std::vector<Line>& lines() const { return lines_; }

 private:
  bool fuses() const { return setup_.plan.passes.chains; }

  void add(std::span<const Node> nodes, std::size_t depth) {
    const auto is_needed = [&](graph::ValueId value) { return num_reads_[value] > 1; };
    for (const plan::Stretch& one : fusion_.stretches(nodes, is_needed)) {
      const auto these = nodes.subspan(one.first, one.count);
      if (one.way == Way::Chain)
        add_chain(these, depth);
      else if (one.way == Way::ConvBlock)
        add_block(these, depth);
      else
        add_node(these.front(), depth);
    }
  }

  void add_block(std::span<const Node> nodes, std::size_t depth) {
    Line line;
    line.depth = depth;
    line.way = Way::ConvBlock;
    for (const Node& node : nodes) {
      line.nodes.push_back(&node);
      line.kernels.push_back(kind_of(node));
    }
    lines_.push_back(std::move(line));
  }

  void add_chain(std::span<const Node> nodes, std::size_t depth) {
    const plan::Chain chain = plan::make_chain(graph_, nodes, [&](graph::ValueId value) {
      return num_reads_[value] > reads_within(nodes, value);
    });
    Line line;
    line.depth = depth;
    line.way = Way::Chain;
    for (const Node& node : nodes) line.nodes.push_back(&node);
    for (const plan::Chain::Part& part : chain.parts)
      line.kernels.emplace_back(plan::to_string(part.kernel));
    const catalog::TensorType& type = sizes_.type_of(nodes.front().outputs.front());
    catalog::Dim rows = 1;
    for (std::size_t axis = 0; axis + 1 < type.shape.size(); ++axis)
      rows = rows * sizes_.number_of(type.shape[axis]);
    const plan::ChainLayout layout = plan::lay_out(chain, rows.number(), true);
    line.forward_bytes = layout.num_forward * static_cast<std::int64_t>(sizeof(float));
    line.backward_bytes = layout.num_backward * static_cast<std::int64_t>(sizeof(float));
    lines_.push_back(std::move(line));
  }

  static std::int64_t reads_within(std::span<const Node> nodes, graph::ValueId value) {
    std::int64_t out = 0;
    for (const Node& node : nodes) out += std::count(node.inputs.begin(), node.inputs.end(), value);
    return out;
  }

  void count_reads(const graph::Block& block) {
    for (const graph::ValueId value : block.outputs) ++num_reads_[value];
    for (const Node& node : block.nodes) {
      for (const graph::ValueId value : node.inputs) ++num_reads_[value];
      for (const graph::Block& inner : node.blocks) count_reads(inner);
    }
  }

  void add_node(const Node& node, std::size_t depth) {
    Line line;
    line.depth = depth;
    line.nodes = {&node};
    line.reason = !fuses()        ? "`" + setup_.off_by + "`"
                  : setup_.on_gpu ? plan::reason_against_block(graph_, node)
                                  : plan::reason_against(graph_, node);
    if (line.reason.empty()) line.reason = "no neighbour to run with";
    if (!node.blocks.empty()) line.reason.clear();
    lines_.push_back(std::move(line));
    for (const graph::Block& block : node.blocks) add(block.nodes, depth + 1);
  }

  const graph::Graph& graph_;
  plan::Sizes sizes_;
  const StepSetup& setup_;
  const plan::Fusion fusion_;
  std::map<graph::ValueId, std::int64_t> num_reads_;
  std::vector<Line> lines_;
};

std::vector<std::string> paths_of(const Line& line) {
  std::vector<std::string> out;
  for (const Node* node : line.nodes) out.push_back(node->path);
  return out;
}

// "passes: chains, loss; off (`compile: ...`): update".
std::string passes_text(const catalog::Passes& passes, const std::string& off_by) {
  std::vector<std::string> on, off;
  for (const catalog::Pass& pass : catalog::kPasses)
    (passes.*pass.is_on ? on : off).emplace_back(pass.name);
  std::string out = on.empty() ? "" : fmt::format("passes: {}\n", fmt::join(on, ", "));
  if (!off.empty()) out += fmt::format("off (`{}`): {}\n", off_by, fmt::join(off, ", "));
  return out;
}

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// "8 of 12 steps run in 1 chain and 2 blocks".
std::string summary_of(const std::vector<Line>& lines, bool on_gpu) {
  std::size_t num_nodes = 0, num_fused = 0, num_chains = 0, num_blocks = 0;
  for (const Line& line : lines) {
    num_nodes += line.nodes.size();
    if (line.way == Way::Single) continue;
    num_fused += line.nodes.size();
    ++(line.way == Way::Chain ? num_chains : num_blocks);
  }
  std::vector<std::string> ways;
  if (!on_gpu) ways.push_back(counted(num_chains, "chain"));
  if (on_gpu || num_blocks > 0) ways.push_back(counted(num_blocks, "block"));
  return fmt::format("{} of {} steps run in {}", num_fused, num_nodes, fmt::join(ways, " and "));
}

}  // namespace

std::string steps_text(const graph::Graph& graph, const StepSetup& setup) {
  const Steps steps(graph, setup);
  std::string out;
  for (const Line& line : steps.lines()) {
    const std::string indent(2 * line.depth, ' ');
    if (line.way == Way::Single) {
      out += fmt::format("{}{}  {}{}\n", indent, line.nodes.front()->path,
                         kind_of(*line.nodes.front()),
                         line.reason.empty() ? "" : ", by itself: " + line.reason);
      continue;
    }
    out += fmt::format("{}as one: {}\n", indent, fmt::join(paths_of(line), ", "));
    if (line.way != Way::Chain) continue;
    out += fmt::format("{}  {}; {} from forward to backward, {} backward\n", indent,
                       fmt::join(line.kernels, " "), show_bytes(line.forward_bytes),
                       show_bytes(line.backward_bytes));
  }
  return out + fmt::format("\n{} (batch {})\n{}", summary_of(steps.lines(), setup.on_gpu),
                           setup.plan.batch_size, passes_text(setup.plan.passes, setup.off_by));
}

std::string steps_json(const graph::Graph& graph, const StepSetup& setup) {
  nlohmann::ordered_json lines = nlohmann::ordered_json::array();
  const Steps steps(graph, setup);
  for (const Line& line : steps.lines()) {
    nlohmann::ordered_json one = {{"depth", line.depth}, {"steps", paths_of(line)}};
    if (line.way != Way::Single) {
      one["kernels"] = line.kernels;
      if (line.way == Way::Chain) {
        one["forward_bytes"] = line.forward_bytes;
        one["backward_bytes"] = line.backward_bytes;
      }
    } else if (!line.reason.empty()) {
      one["by_itself"] = line.reason;
    }
    lines.push_back(std::move(one));
  }
  nlohmann::ordered_json passes;
  for (const catalog::Pass& pass : catalog::kPasses)
    passes[pass.name] = setup.plan.passes.*pass.is_on;
  const nlohmann::ordered_json out = {
      {"batch_size", setup.plan.batch_size}, {"passes", passes}, {"steps", lines}};
  return out.dump(1) + "\n";
}

}  // namespace fdl::commands
