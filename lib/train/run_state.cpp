#include "lib/train/run_state.h"

#include <algorithm>

#include <ATen/ops/empty.h>
#include <nlohmann/json.hpp>

#include "lib/base/files.h"

namespace fdl::train {
namespace {

using nlohmann::ordered_json;

ordered_json means_json(const std::vector<nn::RunningMean>& means) {
  ordered_json out = ordered_json::array();
  for (const nn::RunningMean& mean : means)
    out.push_back({{"sum", mean.sum}, {"weight", mean.weight}});
  return out;
}

ordered_json metrics_json(const std::vector<nn::MetricState>& metrics) {
  ordered_json out = ordered_json::array();
  for (const nn::MetricState& metric : metrics) {
    ordered_json sums = ordered_json::array();
    for (const nn::ExactSum& sum : metric.sums) sums.push_back({sum.high, sum.low});
    out.push_back(
        {{"counts", metric.counts}, {"sums", std::move(sums)}, {"num_kept", metric.kept.size()}});
  }
  return out;
}

bool read_integer(const nlohmann::json& from, const char* key, std::int64_t& out) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_number_integer()) return false;
  out = found->get<std::int64_t>();
  return out >= 0;
}

bool read_text(const nlohmann::json& from, const char* key, std::string& out) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_string()) return false;
  out = found->get<std::string>();
  return true;
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
        !read_number(item, "weight", mean.weight))
      return false;
  }
  return true;
}

// All but the rows that it keeps: these are in another file.
bool read_metric(const nlohmann::json& from, nn::MetricState& out, std::int64_t& num_kept) {
  const auto counts = from.find("counts"), sums = from.find("sums");
  if (counts == from.end() || !counts->is_array() || sums == from.end() || !sums->is_array() ||
      !read_integer(from, "num_kept", num_kept))
    return false;
  for (const nlohmann::json& count : *counts) {
    if (!count.is_number_integer()) return false;
    out.counts.push_back(count.get<std::int64_t>());
  }
  for (const nlohmann::json& sum : *sums) {
    if (!sum.is_array() || sum.size() != 2 || !sum[0].is_number() || !sum[1].is_number())
      return false;
    out.sums.push_back({sum[0].get<double>(), sum[1].get<double>()});
  }
  return true;
}

bool read_metrics(const nlohmann::json& from, std::vector<nn::MetricState>& out,
                  std::vector<std::int64_t>& num_kept) {
  const auto found = from.find("metrics");
  if (found == from.end() || !found->is_array()) return false;
  for (const nlohmann::json& item : *found) {
    if (!item.is_object() || !read_metric(item, out.emplace_back(), num_kept.emplace_back()))
      return false;
  }
  return true;
}

ordered_json early_stop_json(const job::EarlyStopState& state) {
  ordered_json out = {{"best_step", state.best_step}, {"num_bad", state.num_bad}};
  if (state.best) out["best"] = *state.best;
  if (!state.reason.empty()) out["reason"] = state.reason;
  if (!state.seen.empty()) out["seen"] = state.seen;
  return out;
}

bool read_numbers(const nlohmann::json& from, std::vector<double>& out) {
  if (!from.is_array()) return false;
  for (const nlohmann::json& one : from) {
    if (!one.is_number()) return false;
    out.push_back(one.get<double>());
  }
  return true;
}

// What trends have seen; absent where there is none.
bool read_seen(const nlohmann::json& from, job::SeenByTrends& out) {
  const auto found = from.find("seen");
  if (found == from.end()) return true;
  return found->is_array() &&
         std::all_of(found->begin(), found->end(), [&](const nlohmann::json& one) {
           return read_numbers(one, out.emplace_back());
         });
}

// Absent where a job has no such rule.
bool read_early_stop(const nlohmann::json& from, job::EarlyStopState& out) {
  const auto found = from.find("early_stop");
  if (found == from.end()) return true;
  if (!found->is_object() || !read_integer(*found, "best_step", out.best_step) ||
      !read_integer(*found, "num_bad", out.num_bad) || !read_seen(*found, out.seen))
    return false;
  double best = 0;
  if (found->contains("best")) {
    if (!read_number(*found, "best", best)) return false;
    out.best = best;
  }
  const auto reason = found->find("reason");
  if (reason == found->end()) return true;
  if (!reason->is_string()) return false;
  out.reason = reason->get<std::string>();
  return true;
}

ordered_json plateau_json(const optim::PlateauState& state) {
  ordered_json out = {
      {"num_bad", state.num_bad}, {"cooldown", state.cooldown}, {"scale", state.scale}};
  if (state.best) out["best"] = *state.best;
  if (!state.seen.empty()) out["seen"] = state.seen;
  return out;
}

// Absent in what older versions wrote.
bool read_plateau(const nlohmann::json& from, optim::PlateauState& out) {
  const auto found = from.find("plateau");
  if (found == from.end()) return true;
  if (!found->is_object() || !read_integer(*found, "num_bad", out.num_bad) ||
      !read_integer(*found, "cooldown", out.cooldown) || !read_number(*found, "scale", out.scale))
    return false;
  const auto seen = found->find("seen");
  if (seen != found->end() && !read_numbers(*seen, out.seen)) return false;
  double best = 0;
  if (!found->contains("best")) return true;
  if (!read_number(*found, "best", best)) return false;
  out.best = best;
  return true;
}

// Absent where it never changed.
bool read_loss_scale(const nlohmann::json& from, LossScale& out) {
  const auto found = from.find("loss_scale");
  if (found == from.end()) return true;
  return found->is_object() && read_number(*found, "scale", out.scale) && out.scale > 0 &&
         read_integer(*found, "num_good", out.num_good);
}

ordered_json phase_json(const PhaseState& state) {
  ordered_json out = {{"index", state.index},
                      {"first_step", state.first_step},
                      {"first_epoch", state.first_epoch},
                      {"seen", state.seen}};
  if (state.data_step > 0) {
    out["data_step"] = state.data_step;
    out["data_epoch"] = state.data_epoch;
  }
  return out;
}

// Absent in the first one's beginning.
bool read_phase(const nlohmann::json& from, PhaseState& out) {
  const auto found = from.find("phase");
  if (found == from.end()) return true;
  if (!found->is_object() || !read_integer(*found, "index", out.index) ||
      !read_integer(*found, "first_step", out.first_step) ||
      !read_integer(*found, "first_epoch", out.first_epoch))
    return false;
  // Absent where the data never changed.
  if (found->contains("data_step") && !(read_integer(*found, "data_step", out.data_step) &&
                                        read_integer(*found, "data_epoch", out.data_epoch)))
    return false;
  return read_seen(*found, out.seen);
}

bool read_recent(const nlohmann::json& from, std::vector<double>& out) {
  const auto found = from.find("recent_losses");
  return found == from.end() || read_numbers(*found, out);
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

Diagnostic not_a_state(const std::filesystem::path& path) {
  return error(Code::CheckpointCorrupt, {}, "'{}' does not hold the state of a run", path.string())
      .help("remove this checkpoint; `fdl run --resume` takes the one before it");
}

// Gives metrics the rows that they had kept: so many of each.
Result<void> read_kept_rows(const std::filesystem::path& checkpoint,
                            const std::vector<std::int64_t>& num_kept, RunState& out) {
  const auto is_kept = [](std::int64_t number) { return number > 0; };
  const auto num_files = std::count_if(num_kept.begin(), num_kept.end(), is_kept);
  if (num_files == 0) return {};
  const std::filesystem::path path = checkpoint / kKeptRowsFile;
  const auto stored = tensor::load_tensors(path);
  if (!stored) return fail(stored.error());
  std::int64_t num_found = 0;
  for (const tensor::NamedTensor& one : *stored) {
    for (std::size_t i = 0; i < num_kept.size(); ++i) {
      const bool fits = one.name == std::to_string(i) && one.value.scalar_type() == at::kDouble &&
                        one.value.numel() == num_kept[i];
      if (!fits) continue;
      const auto* from = one.value.const_data_ptr<double>();
      out.metrics[i].kept.assign(from, from + one.value.numel());
      ++num_found;
    }
  }
  if (num_found != num_files) return fail(not_a_state(path));
  return {};
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
                      {"metrics", metrics_json(state.metrics)},
                      {"train_seconds", state.train_seconds},
                      {"seconds", state.seconds},
                      {"best", std::move(best)}};
  if (state.device != RunState().device) out["device"] = state.device;
  if (state.position > 0) out["position"] = state.position;
  if (!(state.plateau == optim::PlateauState())) out["plateau"] = plateau_json(state.plateau);
  if (!(state.early_stop == job::EarlyStopState()))
    out["early_stop"] = early_stop_json(state.early_stop);
  if (!(state.loss_scale == LossScale()))
    out["loss_scale"] = {{"scale", state.loss_scale.scale},
                         {"num_good", state.loss_scale.num_good}};
  if (!(state.phase == PhaseState())) out["phase"] = phase_json(state.phase);
  if (state.num_skipped > 0) out["num_skipped"] = state.num_skipped;
  if (!state.recent_losses.empty()) out["recent_losses"] = state.recent_losses;
  return out.dump(1) + "\n";
}

std::vector<tensor::NamedTensor> kept_rows(const RunState& state) {
  std::vector<tensor::NamedTensor> out;
  for (std::size_t i = 0; i < state.metrics.size(); ++i) {
    const std::vector<double>& kept = state.metrics[i].kept;
    if (kept.empty()) continue;
    const auto size = static_cast<std::int64_t>(kept.size());
    at::Tensor rows = at::empty({size}, at::kDouble);
    std::copy(kept.begin(), kept.end(), rows.mutable_data_ptr<double>());
    out.push_back({std::to_string(i), std::move(rows)});
  }
  return out;
}

Result<RunState> read_run_state(const std::filesystem::path& checkpoint) {
  const std::filesystem::path path = checkpoint / "state.json";
  constexpr std::uint64_t kMostBytes = 1 << 24;
  const Result<std::string> text = read_file(path, kMostBytes);
  if (!text) return fail(text.error());
  const nlohmann::json from = nlohmann::json::parse(*text, nullptr, false);
  RunState out;
  std::vector<std::int64_t> num_kept;
  const bool whole =
      from.is_object() && read_integer(from, "step", out.step) &&
      read_integer(from, "epoch", out.epoch) && read_integer(from, "batch", out.batch) &&
      read_integer(from, "threads", out.threads) && read_means(from, "losses", out.losses) &&
      read_metrics(from, out.metrics, num_kept) &&
      read_number(from, "train_seconds", out.train_seconds) && read_best(from, out.best) &&
      read_plateau(from, out.plateau) && read_early_stop(from, out.early_stop) &&
      (!from.contains("seconds") || read_number(from, "seconds", out.seconds)) &&
      read_phase(from, out.phase) && read_loss_scale(from, out.loss_scale) &&
      read_recent(from, out.recent_losses) &&
      (!from.contains("num_skipped") || read_integer(from, "num_skipped", out.num_skipped)) &&
      (!from.contains("position") || read_integer(from, "position", out.position)) &&
      (!from.contains("device") || read_text(from, "device", out.device));
  if (!whole) return fail(not_a_state(path));
  FDL_TRY(read_kept_rows(checkpoint, num_kept, out));
  return out;
}

}  // namespace fdl::train
