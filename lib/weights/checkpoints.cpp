#include "lib/weights/checkpoints.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lib/base/closest.h"
#include "lib/base/files.h"
#include "lib/config/number.h"
#include "lib/format/checkpoint_manifest.h"
#include "lib/weights/weight_files.h"

namespace fdl::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "step-";
constexpr std::uint64_t kMostStateBytes = 1 << 24;

// Steps of the run's best checkpoints as its newest one knows them, best first.
std::vector<std::int64_t> best_steps(const FoundCheckpoint& newest) {
  std::vector<std::int64_t> out;
  const Result<std::string> text = read_file(newest.path / "state.json", kMostStateBytes);
  if (!text) return out;
  const nlohmann::json state = nlohmann::json::parse(*text, nullptr, false);
  const auto best = state.is_object() ? state.find("best") : state.end();
  if (best == state.end() || !best->is_array()) return out;
  for (const nlohmann::json& item : *best) {
    if (item.is_object() && item.contains("step") && item["step"].is_number_integer())
      out.push_back(item["step"].get<std::int64_t>());
  }
  return out;
}

Failure no_checkpoint(const fs::path& run, const std::string& wanted,
                      const std::vector<FoundCheckpoint>& whole) {
  if (whole.empty()) {
    return fail(
        error(Code::WeightsMissing, {}, "'{}' has no whole checkpoint", run.string())
            .help("`fdl run --resume` goes on with the run; `fdl ckpt verify` says what is wrong"));
  }
  std::vector<std::string> names;
  for (const FoundCheckpoint& found : whole) names.push_back(std::to_string(found.step));
  return fail(error(Code::WeightsMissing, {}, "'{}' has no checkpoint '{}'", run.string(), wanted)
                  .help("it has {}, and takes best and last", one_of(names)));
}

const FoundCheckpoint* find_step(const std::vector<FoundCheckpoint>& list, std::int64_t step) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const FoundCheckpoint& c) { return c.step == step; });
  return found == list.end() ? nullptr : &*found;
}

// "run@500" as "run" and "500".
std::pair<fs::path, std::string> split_at(const fs::path& path) {
  const std::string text = path.string();
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos || text.find('/', at) != std::string::npos) return {path, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

bool is_checkpoint(const fs::path& folder) {
  std::error_code code;
  return fs::is_regular_file(folder / "manifest.json", code);
}

bool is_run(const fs::path& folder) {
  std::error_code code;
  return fs::is_directory(folder / "checkpoints", code);
}

std::vector<FoundCheckpoint> list_checkpoints(const fs::path& run) {
  std::vector<FoundCheckpoint> out;
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(run / "checkpoints", code)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const auto step = config::parse_integer(std::string_view(name).substr(kPrefix.size()));
    if (step) out.push_back({*step, entry.path()});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.step > b.step; });
  return out;
}

Result<void> check_sizes(const fs::path& checkpoint) {
  const auto manifest = format::read_checkpoint_manifest(checkpoint);
  if (!manifest) return fail(manifest.error());
  for (const format::CheckpointManifest::File& file : manifest->files) {
    std::error_code code;
    const std::uint64_t num_bytes = fs::file_size(checkpoint / file.name, code);
    if (!code && num_bytes == file.num_bytes) continue;
    const std::string found = code ? "is missing" : fmt::format("has {} bytes", num_bytes);
    return fail(error(Code::CheckpointCorrupt, {},
                      "checkpoint '{}' is damaged: '{}' {}; manifest.json says {}",
                      checkpoint.string(), file.name, found, file.num_bytes)
                    .help("use another checkpoint"));
  }
  return {};
}

Result<fs::path> choose_checkpoint(const fs::path& run, const std::string& wanted) {
  std::vector<FoundCheckpoint> whole = list_checkpoints(run);
  if (const auto step = config::parse_integer(wanted)) {
    const FoundCheckpoint* named = find_step(whole, *step);
    if (named != nullptr) FDL_TRY(check_sizes(named->path));
    if (named != nullptr) return named->path;
  }
  std::erase_if(whole, [](const FoundCheckpoint& c) { return !check_sizes(c.path); });
  if (whole.empty()) return no_checkpoint(run, wanted, whole);
  if (wanted == "last") return whole.front().path;
  if (!wanted.empty() && wanted != "best") return no_checkpoint(run, wanted, whole);
  for (const std::int64_t step : best_steps(whole.front()))
    if (const FoundCheckpoint* found = find_step(whole, step)) return found->path;
  if (wanted.empty()) return whole.front().path;
  return fail(error(Code::WeightsMissing, {}, "'{}' keeps no best checkpoint", run.string())
                  .help("name a step or `last`; `output.checkpoint.keep.best` keeps the best"));
}

Result<fs::path> find_checkpoint(const fs::path& path) {
  std::error_code code;
  if (is_checkpoint(path)) return path;
  if (is_run(path)) return choose_checkpoint(path, "");
  if (fs::exists(path, code)) return fs::path();
  const auto [run, wanted] = split_at(path);
  if (!wanted.empty() && is_run(run)) return choose_checkpoint(run, wanted);
  return fs::path();
}

}  // namespace fdl::weights
