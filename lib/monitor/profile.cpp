#include "lib/monitor/profile.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"

namespace fdl::monitor {
namespace {

using Json = nlohmann::ordered_json;

// To a tenth of a microsecond: more digits are noise.
double rounded(double ms) { return std::round(ms * 1e4) / 1e4; }

// A number under that key; empty when there is none.
std::optional<double> number(const nlohmann::json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_number()) return {};
  return object[key].get<double>();
}

std::optional<NodeTime> read_node(const nlohmann::json& node) {
  const auto calls = number(node, "calls"), forward = number(node, "forward_ms"),
             backward = number(node, "backward_ms"), share = number(node, "share");
  const bool named = node.is_object() && node.contains("path") && node["path"].is_string();
  if (!named || !calls || !forward || !backward || !share) return std::nullopt;
  return NodeTime{node["path"].get<std::string>(),
                  static_cast<std::int64_t>(*calls),
                  *forward,
                  *backward,
                  *share,
                  number(node, "flops"),
                  number(node, "moved_bytes")};
}

std::optional<MachineLimits> read_limits(const nlohmann::json& profile) {
  if (!profile.contains("limits")) return std::nullopt;
  const auto products = number(profile["limits"], "products_gflop_per_s"),
             memory = number(profile["limits"], "memory_gb_per_s");
  if (!products || !memory || !(*products > 0) || !(*memory > 0)) return std::nullopt;
  return MachineLimits{*products, *memory};
}

std::optional<Profile> parse_profile(const nlohmann::json& parsed) {
  const auto steps = number(parsed, "num_steps"), warmup = number(parsed, "warmup_steps"),
             step_ms = number(parsed, "step_ms");
  if (!steps || !warmup || !step_ms || !parsed.contains("nodes") || !parsed["nodes"].is_array())
    return std::nullopt;
  Profile out{static_cast<std::int64_t>(*steps),
              static_cast<std::int64_t>(*warmup),
              *step_ms,
              {},
              read_limits(parsed)};
  for (const nlohmann::json& node : parsed["nodes"]) {
    auto read = read_node(node);
    if (!read) return std::nullopt;
    out.nodes.push_back(*std::move(read));
  }
  return out;
}

Json node_json(const NodeTime& node) {
  Json out = {{"path", node.path},
              {"calls", node.calls},
              {"forward_ms", rounded(node.forward_ms)},
              {"backward_ms", rounded(node.backward_ms)},
              {"share", rounded(node.share)}};
  if (node.flops) out["flops"] = std::round(*node.flops);
  if (node.moved_bytes) out["moved_bytes"] = std::round(*node.moved_bytes);
  return out;
}

std::string or_dash(std::optional<double> value, std::string_view unit) {
  return value ? fmt::format("{:.1f}{}", *value, unit) : "-";
}

std::string table_row(const NodeTime& node, std::size_t width,
                      const std::optional<MachineLimits>& limits) {
  auto of_limit = share_of_limit(node, limits);
  if (of_limit) *of_limit *= 100;
  return fmt::format("{:<{}}  {:>6}  {:>10.3f}  {:>11.3f}  {:>5.1f}%  {:>8}  {:>8}\n", node.path,
                     width, node.calls, node.forward_ms, node.backward_ms, 100 * node.share,
                     or_dash(gflop_per_s(node), ""), or_dash(of_limit, "%"));
}

}  // namespace

std::filesystem::path profile_file(const std::filesystem::path& run) {
  return run / "profile.json";
}

Result<void> write_profile(const Profile& profile, const std::filesystem::path& file) {
  Json out = {{"format", 1},
              {"num_steps", profile.num_steps},
              {"warmup_steps", profile.warmup_steps},
              {"step_ms", rounded(profile.step_ms)}};
  if (profile.limits) {
    out["limits"] = {{"products_gflop_per_s", rounded(profile.limits->products_gflop_per_s)},
                     {"memory_gb_per_s", rounded(profile.limits->memory_gb_per_s)}};
  }
  out["nodes"] = Json::array();
  for (const NodeTime& node : profile.nodes) out["nodes"].push_back(node_json(node));
  return write_atomic(file, out.dump(1) + "\n");
}

Result<Profile> read_profile(const std::filesystem::path& run) {
  const auto missing = [&](const std::string& why) {
    return fail(
        error(Code::NoProfile, {}, "the run '{}' has no measured times{}", run.string(), why)
            .help("`fdl run --profile` measures them"));
  };
  const Result<std::string> text = read_file(profile_file(run));
  if (!text) return missing("");
  auto out = parse_profile(nlohmann::json::parse(*text, nullptr, false));
  if (!out) return missing(": its profile.json is damaged");
  return *std::move(out);
}

std::optional<double> gflop_per_s(const NodeTime& node) {
  const bool has_rate = node.flops.value_or(0) > 0 && node.total_ms() > 0;
  return has_rate ? std::optional(*node.flops / node.total_ms() / 1e6) : std::nullopt;
}

std::optional<double> share_of_limit(const NodeTime& node,
                                     const std::optional<MachineLimits>& limits) {
  if (!limits || !(node.total_ms() > 0)) return std::nullopt;
  const double bytes = node.moved_bytes.value_or(0);
  if (const auto rate = gflop_per_s(node)) {
    const double products = limits->products_gflop_per_s;
    const double fed = bytes > 0 ? limits->memory_gb_per_s * *node.flops / bytes : products;
    return *rate / std::min(products, fed);
  }
  if (!(bytes > 0)) return std::nullopt;
  return bytes / node.total_ms() / 1e6 / limits->memory_gb_per_s;
}

std::string profile_table(const Profile& profile, std::size_t most) {
  std::vector<NodeTime> nodes = profile.nodes;
  std::stable_sort(nodes.begin(), nodes.end(), [](const NodeTime& a, const NodeTime& b) {
    return a.total_ms() > b.total_ms();
  });
  std::size_t width = 4;
  double in_nodes = 0, listed = 0;
  for (const NodeTime& node : nodes) in_nodes += node.total_ms();
  const std::size_t shown = std::min(most, nodes.size());
  for (std::size_t i = 0; i < shown; ++i) width = std::max(width, nodes[i].path.size());
  std::string out =
      fmt::format("{:<{}}  {:>6}  {:>10}  {:>11}  {:>6}  {:>8}  {:>8}\n", "path", width, "calls",
                  "forward ms", "backward ms", "share", "GFLOP/s", "of limit");
  for (std::size_t i = 0; i < shown; ++i) {
    listed += nodes[i].total_ms();
    out += table_row(nodes[i], width, profile.limits);
  }
  if (shown < nodes.size())
    out += fmt::format("{} more nodes: {:.3f} ms\n", nodes.size() - shown, in_nodes - listed);
  out += fmt::format("a step takes {:.3f} ms, {:.3f} ms of it in nodes; mean of {} steps\n",
                     profile.step_ms, in_nodes, profile.num_steps);
  if (!profile.limits) return out;
  return out + fmt::format(
                   "limits: {:.0f} GFLOP/s in products, {:.0f} GB/s of memory, as measured "
                   "before the first step\n",
                   profile.limits->products_gflop_per_s, profile.limits->memory_gb_per_s);
}

Result<void> write_trace(const std::vector<TraceSpan>& spans, const std::filesystem::path& file) {
  Json events = Json::array();
  for (const TraceSpan& span : spans) {
    events.push_back({{"name", span.name},
                      {"cat", span.category},
                      {"ph", "X"},
                      {"ts", rounded(span.start_us)},
                      {"dur", rounded(span.duration_us)},
                      {"pid", 1},
                      {"tid", 1}});
  }
  const Json out = {{"displayTimeUnit", "ms"}, {"traceEvents", events}};
  return write_atomic(file, out.dump() + "\n");
}

}  // namespace fdl::monitor
