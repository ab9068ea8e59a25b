#include "commands/plan_report.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/config/number.h"

namespace fdl::commands {
namespace {

using Json = nlohmann::ordered_json;

struct Unit {
  std::string_view name;
  double size;
};
constexpr std::array<Unit, 10> kByteUnits = {{{"", 1},
                                              {"b", 1},
                                              {"kb", 1e3},
                                              {"mb", 1e6},
                                              {"gb", 1e9},
                                              {"tb", 1e12},
                                              {"kib", 1024.0},
                                              {"mib", 1048576.0},
                                              {"gib", 1073741824.0},
                                              {"tib", 1099511627776.0}}};

// Three digits that count, with the largest unit that leaves at least 1.
std::string scaled(double value, double base, const std::array<const char*, 7>& units) {
  std::size_t unit = 0;
  while (value >= base && unit + 1 < units.size()) {
    value /= base;
    ++unit;
  }
  if (unit == 0) return fmt::format("{:.0f}{}", value, units[0]);
  const int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, units[unit]);
}

Json json_of(const plan::NodeCost& node) {
  return {{"path", node.path},
          {"kind", node.kind},
          {"output", node.output},
          {"num_parameters", node.num_parameters},
          {"forward_flops", node.forward_flops},
          {"backward_flops", node.backward_flops},
          {"activation_bytes", node.activation_bytes}};
}

Json json_of(const plan::Subtotal& sum) {
  return {{"num_parameters", sum.num_parameters},
          {"forward_flops", sum.forward_flops},
          {"backward_flops", sum.backward_flops},
          {"activation_bytes", sum.activation_bytes}};
}

using Row = std::array<std::string, 7>;

// Words to the left, numbers to the right.
std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, 7> widths = {};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i == 0 ? "" : "  ";
      line += i < 3 ? fmt::format("{:<{}}", row[i], widths[i])
                    : fmt::format("{:>{}}", row[i], widths[i]);
    }
    out += line + "\n";
  }
  return out;
}

std::string totals(const PlanReport& report) {
  const plan::Plan& p = report.plan;
  std::string out = fmt::format(
      "\n{} parameters; one training step with a batch of {}:\n"
      "  forward      {}FLOPs\n  backward     {}FLOPs\n",
      p.num_parameters, report.batch_size, show_count(p.forward_flops),
      show_count(p.backward_flops));
  const std::pair<const char*, std::int64_t> sizes[] = {
      {"parameters", p.parameter_bytes},   {"buffers", p.buffer_bytes},
      {"gradients", p.gradient_bytes},     {"optimizer", p.optimizer_bytes},
      {"activations", p.activation_bytes}, {"peak memory", p.peak_bytes}};
  for (const auto& [name, bytes] : sizes) {
    if (bytes > 0) out += fmt::format("  {:<12} {}\n", name, show_bytes(bytes));
  }
  return out;
}

std::string states_text(const PlanReport& report) {
  std::string out;
  for (const PlanReport::State& state : report.states) {
    out += fmt::format("state {}: {}, reset: {}, bptt: {}\n", state.path, state.type, state.reset,
                       state.bptt == 0 ? "null" : std::to_string(state.bptt));
  }
  if (!out.empty())
    out += fmt::format("states together: {}\n", show_bytes(report.plan.state_bytes));
  return out.empty() ? out : "\n" + out;
}

}  // namespace

std::string show_bytes(std::int64_t bytes) {
  return scaled(static_cast<double>(bytes), 1024, {" B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"});
}

std::string show_count(std::int64_t count) {
  const std::string out =
      scaled(static_cast<double>(count), 1000, {"", "k", "M", "G", "T", "P", "E"});
  return count < 1000 ? out + " " : out;
}

std::optional<std::int64_t> parse_bytes(const std::string& text) {
  const std::size_t end = text.find_last_of("0123456789.");
  if (end == std::string::npos) return std::nullopt;
  const auto value = config::parse_number(text.substr(0, end + 1));
  std::string unit;
  for (const char c : text.substr(end + 1)) {
    if (c != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  const auto found = std::find_if(kByteUnits.begin(), kByteUnits.end(),
                                  [&](const Unit& known) { return known.name == unit; });
  if (!value || found == kByteUnits.end()) return std::nullopt;
  const double bytes = *value * found->size;
  if (!(bytes >= 1 && bytes < 9e18)) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

std::string plan_json(const PlanReport& report) {
  const plan::Plan& p = report.plan;
  Json out = {{"num_parameters", p.num_parameters},
              {"graph_hash", report.graph_hash},
              {"batch_size", report.batch_size},
              {"forward_flops", p.forward_flops},
              {"backward_flops", p.backward_flops},
              {"parameter_bytes", p.parameter_bytes},
              {"buffer_bytes", p.buffer_bytes},
              {"gradient_bytes", p.gradient_bytes},
              {"optimizer_bytes", p.optimizer_bytes},
              {"activation_bytes", p.activation_bytes},
              {"peak_bytes", p.peak_bytes}};
  if (report.largest_batch) out["largest_batch"] = *report.largest_batch;
  if (report.is_part) out["subtotal"] = json_of(subtotal(p, report.nodes));
  if (!report.states.empty()) out["state_bytes"] = p.state_bytes;
  for (const PlanReport::State& state : report.states) {
    out["states"].push_back(
        {{"path", state.path}, {"type", state.type}, {"reset", state.reset}, {"bptt", state.bptt}});
  }
  out["nodes"] = Json::array();
  for (const std::size_t i : report.nodes) out["nodes"].push_back(json_of(p.nodes[i]));
  return out.dump(2) + "\n";
}

std::string plan_text(const PlanReport& report) {
  std::vector<Row> rows = {{"path", "kind", "output", "parameters", "forward", "backward", "kept"}};
  const auto add = [&](const std::string& path, const std::string& kind, const std::string& output,
                       const auto& cost) {
    rows.push_back({path, kind, output, std::to_string(cost.num_parameters),
                    show_count(cost.forward_flops), show_count(cost.backward_flops),
                    show_bytes(cost.activation_bytes)});
  };
  for (const std::size_t i : report.nodes) {
    const plan::NodeCost& node = report.plan.nodes[i];
    add(node.path, node.kind, node.output, node);
  }
  if (report.is_part)
    add(fmt::format("{} node{}", report.nodes.size(), report.nodes.size() == 1 ? "" : "s"), "", "",
        subtotal(report.plan, report.nodes));
  std::string out = table(rows);
  if (!report.is_part) out += totals(report);
  if (!report.is_part) out += states_text(report);
  if (report.largest_batch) out += fmt::format("  largest batch {}\n", *report.largest_batch);
  return out;
}

}  // namespace fdl::commands
