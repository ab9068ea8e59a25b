#include "lib/train/checkpoint.h"

#include <algorithm>
#include <chrono>

#include "lib/base/check.h"
#include "lib/base/files.h"
#include "lib/config/number.h"
#include "lib/format/checkpoint_manifest.h"

namespace fdl::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kUnfinished = ".writing-";
constexpr std::string_view kCarried = "carried.safetensors";

struct Found {
  std::int64_t step = 0;
  fs::path path;
};

// Newest first.
std::vector<Found> list_checkpoints(const fs::path& checkpoints) {
  std::vector<Found> out;
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints, code)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const auto step = config::parse_integer(std::string_view(name).substr(kPrefix.size()));
    if (step) out.push_back({*step, entry.path()});
  }
  std::sort(out.begin(), out.end(), [](const Found& a, const Found& b) { return a.step > b.step; });
  return out;
}

Result<void> write_files(const fs::path& folder, const Snapshot& snapshot) {
  FDL_TRY(make_folders(folder));
  std::vector<std::string> files = {"model.safetensors", "optimizer.safetensors", "state.json",
                                    "graph.json"};
  FDL_TRY(tensor::save_tensors(folder / files[0], snapshot.model));
  FDL_TRY(tensor::save_tensors(folder / files[1], snapshot.optimizer));
  FDL_TRY(write_atomic(folder / files[2], to_json(snapshot.state)));
  FDL_TRY(write_atomic(folder / files[3], snapshot.graph));
  if (!snapshot.averages.empty()) {
    files.emplace_back(kAveragesFile);
    FDL_TRY(tensor::save_tensors(folder / files.back(), snapshot.averages));
  }
  if (!snapshot.carried.empty()) {
    files.emplace_back(kCarried);
    FDL_TRY(tensor::save_tensors(folder / files.back(), snapshot.carried));
  }
  if (const auto kept = kept_rows(snapshot.state); !kept.empty()) {
    files.emplace_back(kKeptRowsFile);
    FDL_TRY(tensor::save_tensors(folder / files.back(), kept));
  }
  FDL_TRY(format::write_checkpoint_manifest(folder, snapshot.graph_hash, files));
  return {};
}

// Without its manifest.json a folder is no checkpoint, so a removal that is cut short leaves none
// that looks whole.
void remove_checkpoint(const fs::path& folder) {
  std::error_code code;
  fs::remove(folder / "manifest.json", code);
  fs::remove_all(folder, code);
}

}  // namespace

Result<SavedCheckpoint> save_checkpoint(const fs::path& checkpoints, const Snapshot& snapshot) {
  const auto start = std::chrono::steady_clock::now();
  const std::string name = std::string(kPrefix) + std::to_string(snapshot.state.step);
  SavedCheckpoint out;
  out.path = checkpoints / name;
  out.step = snapshot.state.step;
  out.is_best = std::any_of(snapshot.state.best.begin(), snapshot.state.best.end(),
                            [&](const RunState::Best& b) { return b.step == out.step; });
  if (format::verify_checkpoint(out.path)) return out;

  std::error_code code;
  const fs::path unfinished = checkpoints / (std::string(kUnfinished) + name);
  fs::remove_all(unfinished, code);
  const Result<void> written = write_files(unfinished, snapshot);
  if (!written) {
    fs::remove_all(unfinished, code);
    return fail(written.error());
  }
  remove_checkpoint(out.path);
  fs::rename(unfinished, out.path, code);
  if (code)
    return fail(
        error(Code::CannotWrite, {}, "cannot make '{}': {}", out.path.string(), code.message()));
  FDL_TRY(sync_folder(checkpoints));
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

void remove_old_checkpoints(const fs::path& checkpoints, const job::Checkpoints& keep,
                            const std::vector<RunState::Best>& best) {
  std::int64_t num_newer = 0;
  for (const Found& found : list_checkpoints(checkpoints)) {
    const bool is_best = std::any_of(best.begin(), best.end(),
                                     [&](const RunState::Best& b) { return b.step == found.step; });
    if (num_newer++ >= keep.keep_last && !is_best) remove_checkpoint(found.path);
  }
}

void remove_unfinished(const fs::path& checkpoints) {
  std::vector<fs::path> unfinished;
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints, code)) {
    if (entry.path().filename().string().starts_with(kUnfinished))
      unfinished.push_back(entry.path());
  }
  for (const fs::path& folder : unfinished) fs::remove_all(folder, code);
}

bool enter_best(RunState& state, const job::Checkpoints& keep, double value) {
  const auto is_better = [&](double a, double b) { return keep.best_is_max ? a > b : a < b; };
  const auto place =
      std::find_if(state.best.begin(), state.best.end(),
                   [&](const RunState::Best& b) { return is_better(value, b.value); });
  if (place - state.best.begin() >= keep.keep_best) return false;
  state.best.insert(place, {state.step, value});
  if (static_cast<std::int64_t>(state.best.size()) > keep.keep_best) state.best.pop_back();
  return true;
}

void CheckpointWriter::start(Snapshot snapshot) {
  FDL_CHECK(!running_.valid());
  running_ = std::async(std::launch::async, [this, snapshot = std::move(snapshot)] {
    Result<SavedCheckpoint> saved = save_checkpoint(checkpoints_, snapshot);
    if (saved) remove_old_checkpoints(checkpoints_, keep_, snapshot.state.best);
    return saved;
  });
}

std::optional<Result<SavedCheckpoint>> CheckpointWriter::collect(bool wait) {
  if (!running_.valid()) return std::nullopt;
  if (!wait && running_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return std::nullopt;
  return running_.get();
}

}  // namespace fdl::train
