#include "lib/runs/document.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/graph/svg.h"
#include "lib/job/job.h"
#include "lib/job/load.h"
#include "lib/monitor/profile.h"
#include "lib/runs/settings.h"

namespace fdl::runs {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::uint64_t kMostBytes = 1 << 26;

ordered_json read_json(const fs::path& path) {
  const Result<std::string> text = read_file(path, kMostBytes);
  ordered_json out = text ? ordered_json::parse(*text, nullptr, false) : ordered_json();
  return out.is_object() ? out : ordered_json(nullptr);
}

ordered_json manifest_json(const fs::path& run) {
  const Result<std::string> text = read_file(run / "manifest.yml", kMostBytes);
  ordered_json out = {{"text", text ? *text : ""}, {"values", ordered_json::array()}};
  Diagnostics problems;
  const auto manifest = job::load_run(run, problems);
  if (!text || !manifest || problems.has_errors()) return out;
  for (const PlacedSetting& one : placed_settings(manifest->root, *text))
    out["values"].push_back({{"path", one.path}, {"value", one.value}, {"origin", one.origin}});
  return out;
}

// "step-120.txt" comes before "step-40.txt".
std::int64_t step_of(const std::string& name) {
  const std::size_t digit = name.find_first_of("0123456789");
  return digit == std::string::npos ? -1 : std::strtoll(name.c_str() + digit, nullptr, 10);
}

}  // namespace

std::vector<std::string> samples_of(const fs::path& run) {
  std::vector<std::string> out;
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(run / "samples", code)) {
    if (entry.is_regular_file(code)) out.push_back(entry.path().filename().string());
  }
  std::sort(out.begin(), out.end(), [](const std::string& a, const std::string& b) {
    return step_of(a) != step_of(b) ? step_of(a) > step_of(b) : a < b;
  });
  return out;
}

ordered_json about_run(const fs::path& run) {
  ordered_json out = {{"manifest", manifest_json(run)},
                      {"environment", read_json(run / "environment.json")},
                      {"profile", read_json(monitor::profile_file(run))},
                      {"samples", samples_of(run)}};
  const ordered_json plan = read_json(run / "plan.json");
  out["plan"] = ordered_json::object();
  out["recorded"] = ordered_json::object();
  if (!plan.is_object()) return out;
  for (const char* key : {"num_parameters", "graph_hash"}) {
    if (plan.contains(key)) out["plan"][key] = plan[key];
  }
  if (plan.contains("recorded") && plan["recorded"].is_object()) out["recorded"] = plan["recorded"];
  return out;
}

std::string end_of_log(const fs::path& run, std::uint64_t most_bytes) {
  const Result<std::string> text = read_file(run / "log.txt");
  if (!text || text->size() <= most_bytes) return text.value_or("");
  const std::size_t begin = text->find('\n', text->size() - most_bytes);
  return begin == std::string::npos ? "" : text->substr(begin + 1);
}

Result<graph::Drawing> drawing_of(const fs::path& run, int depth) {
  Diagnostics problems;
  const auto manifest = job::load_run(run, problems);
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, {}, true, problems);
  if (problems.has_errors()) return fail(problems.sorted().front());
  if (!checked.graph) return fail(error(Code::NoJob, {}, "this run has no graph"));
  graph::Drawing drawing = graph::draw(*checked.graph, depth);
  if (const auto profile = monitor::read_profile(run)) {
    std::map<std::string, double> ms_by_path;
    for (const monitor::NodeTime& node : profile->nodes) ms_by_path[node.path] = node.total_ms();
    graph::add_times(drawing, ms_by_path);
  }
  return drawing;
}

Result<std::string> graph_svg(const fs::path& run) {
  const Result<graph::Drawing> drawing = drawing_of(run);
  if (!drawing) return fail(drawing.error());
  return graph::to_svg(*drawing);
}

}  // namespace fdl::runs
