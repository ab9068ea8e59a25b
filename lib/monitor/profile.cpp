#include "lib/monitor/profile.h"

#include <algorithm>
#include <cmath>
#include <optional>

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
  return NodeTime{node["path"].get<std::string>(), static_cast<std::int64_t>(*calls), *forward,
                  *backward, *share};
}

std::optional<Profile> parse_profile(const nlohmann::json& parsed) {
  const auto steps = number(parsed, "num_steps"), warmup = number(parsed, "warmup_steps"),
             step_ms = number(parsed, "step_ms");
  if (!steps || !warmup || !step_ms || !parsed.contains("nodes") || !parsed["nodes"].is_array())
    return std::nullopt;
  Profile out{static_cast<std::int64_t>(*steps), static_cast<std::int64_t>(*warmup), *step_ms, {}};
  for (const nlohmann::json& node : parsed["nodes"]) {
    auto read = read_node(node);
    if (!read) return std::nullopt;
    out.nodes.push_back(*std::move(read));
  }
  return out;
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
  out["nodes"] = Json::array();
  for (const NodeTime& node : profile.nodes) {
    out["nodes"].push_back({{"path", node.path},
                            {"calls", node.calls},
                            {"forward_ms", rounded(node.forward_ms)},
                            {"backward_ms", rounded(node.backward_ms)},
                            {"share", rounded(node.share)}});
  }
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
  std::string out = fmt::format("{:<{}}  {:>6}  {:>10}  {:>11}  {:>6}\n", "path", width, "calls",
                                "forward ms", "backward ms", "share");
  for (std::size_t i = 0; i < shown; ++i) {
    const NodeTime& node = nodes[i];
    listed += node.total_ms();
    out += fmt::format("{:<{}}  {:>6}  {:>10.3f}  {:>11.3f}  {:>5.1f}%\n", node.path, width,
                       node.calls, node.forward_ms, node.backward_ms, 100 * node.share);
  }
  if (shown < nodes.size())
    out += fmt::format("{} more nodes: {:.3f} ms\n", nodes.size() - shown, in_nodes - listed);
  return out + fmt::format("a step takes {:.3f} ms, {:.3f} ms of it in nodes; mean of {} steps\n",
                           profile.step_ms, in_nodes, profile.num_steps);
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
