#include "lib/train/run_state.h"

#include <nlohmann/json.hpp>

#include "lib/base/files.h"

namespace fdl::train {
namespace {

using nlohmann::ordered_json;

ordered_json means_json(const std::vector<nn::RunningMean>& means) {
  ordered_json out = ordered_json::array();
  for (const nn::RunningMean& mean : means)
    out.push_back({{"sum", mean.sum}, {"num_targets", mean.num_targets}});
  return out;
}

bool read_integer(const nlohmann::json& from, const char* key, std::int64_t& out) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_number_integer()) return false;
  out = found->get<std::int64_t>();
  return out >= 0;
}

bool read_number(const nlohmann::json& from, const char* key, double& out) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_number()) return false;
  out = found->get<double>();
  return true;
}

bool read_means(const nlohmann::json& from, const char* key, std::vector<nn::RunningMean>& out) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_array()) return false;
  for (const nlohmann::json& item : *found) {
    nn::RunningMean& mean = out.emplace_back();
    if (!item.is_object() || !read_number(item, "sum", mean.sum) ||
        !read_integer(item, "num_targets", mean.num_targets))
      return false;
  }
  return true;
}

ordered_json plateau_json(const optim::PlateauState& state) {
  ordered_json out = {
      {"num_bad", state.num_bad}, {"cooldown", state.cooldown}, {"scale", state.scale}};
  if (state.best) out["best"] = *state.best;
  return out;
}

// Absent in what older versions wrote.
bool read_plateau(const nlohmann::json& from, optim::PlateauState& out) {
  const auto found = from.find("plateau");
  if (found == from.end()) return true;
  if (!found->is_object() || !read_integer(*found, "num_bad", out.num_bad) ||
      !read_integer(*found, "cooldown", out.cooldown) || !read_number(*found, "scale", out.scale))
    return false;
  double best = 0;
  if (!found->contains("best")) return true;
  if (!read_number(*found, "best", best)) return false;
  out.best = best;
  return true;
}

bool read_best(const nlohmann::json& from, std::vector<RunState::Best>& out) {
  const auto found = from.find("best");
  if (found == from.end() || !found->is_array()) return false;
  for (const nlohmann::json& item : *found) {
    RunState::Best& best = out.emplace_back();
    if (!item.is_object() || !read_integer(item, "step", best.step) ||
        !read_number(item, "value", best.value))
      return false;
  }
  return true;
}

}  // namespace

std::string to_json(const RunState& state) {
  ordered_json best = ordered_json::array();
  for (const RunState::Best& b : state.best) best.push_back({{"step", b.step}, {"value", b.value}});
  ordered_json out = {{"step", state.step},
                      {"epoch", state.epoch},
                      {"batch", state.batch},
                      {"threads", state.threads},
                      {"losses", means_json(state.losses)},
                      {"metrics", means_json(state.metrics)},
                      {"train_seconds", state.train_seconds},
                      {"best", std::move(best)}};
  if (state.position > 0) out["position"] = state.position;
  if (!(state.plateau == optim::PlateauState())) out["plateau"] = plateau_json(state.plateau);
  return out.dump(1) + "\n";
}

Result<RunState> read_run_state(const std::filesystem::path& checkpoint) {
  const std::filesystem::path path = checkpoint / "state.json";
  constexpr std::uint64_t kMostBytes = 1 << 24;
  const Result<std::string> text = read_file(path, kMostBytes);
  if (!text) return fail(text.error());
  const nlohmann::json from = nlohmann::json::parse(*text, nullptr, false);
  RunState out;
  const bool whole =
      from.is_object() && read_integer(from, "step", out.step) &&
      read_integer(from, "epoch", out.epoch) && read_integer(from, "batch", out.batch) &&
      read_integer(from, "threads", out.threads) && read_means(from, "losses", out.losses) &&
      read_means(from, "metrics", out.metrics) &&
      read_number(from, "train_seconds", out.train_seconds) && read_best(from, out.best) &&
      read_plateau(from, out.plateau) &&
      (!from.contains("position") || read_integer(from, "position", out.position));
  if (whole) return out;
  return fail(
      error(Code::CheckpointCorrupt, {}, "'{}' does not hold the state of a run", path.string())
          .help("remove this checkpoint; `fdl run --resume` takes the one before it"));
}

}  // namespace fdl::train
