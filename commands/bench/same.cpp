#include "commands/bench/same.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "commands/bench/programs.h"
#include "lib/base/files.h"
#include "lib/monitor/event.h"

namespace fdl::commands::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
constexpr std::int64_t kSeed = 42;
constexpr const char* kDouble = "double";  // what the scripts call f64

// An epoch of one batch each: fdl records a loss for an epoch, and draws an order for each.
std::vector<std::string> settings_of(const Job& job, const fs::path& data) {
  std::vector<std::string> out = {
      "output.checkpoint={every: 1000 epochs, initial: true, keep: {last: 2, best: null}}"};
  if (!job.no_dropout.empty()) out.push_back(job.no_dropout);
  if (job.is_drawn()) {
    out.push_back("data.train={safetensors: {file: " + json(data.string()).dump() + "}, limit: 1}");
  } else {
    out.emplace_back("data.train.limit=1");
  }
  for (const std::string& split : job.splits) {
    if (split != "train") out.push_back("data." + split + "=null");
  }
  return out;
}

// fdl's losses with further settings; its initial weights are put into `folder`.
Result<std::vector<double>> own_losses(const Job& job, const std::vector<std::string>& further,
                                       const Setup& setup, const fs::path& folder) {
  Setup own = setup;
  own.batch_size = 0;  // of data that is drawn it would set how much of it
  std::vector<std::string> settings = settings_of(job, folder / "data.safetensors");
  if (setup.batch_size > 0)
    settings.push_back("training.batch_size=" + std::to_string(setup.batch_size));
  settings.insert(settings.end(), further.begin(), further.end());
  if (const auto ended = run_program(own_program(job, own, kStepsCompared, kSeed, settings), setup);
      !ended)
    return fail(ended.error());
  const fs::path run = own_run(setup);
  const Result<std::string> text = read_file(run / "events.jsonl");
  if (!text) return fail(text.error());
  std::vector<double> out;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    const auto event = monitor::parse_event(std::string_view(*text).substr(begin, end - begin));
    begin = end + 1;
    if (event && event->kind == "epoch")
      out.push_back(event->number("train/loss").value_or(std::nan("")));
  }
  std::error_code code;
  fs::rename(run / "checkpoints/step-0/model.safetensors", folder / "model.safetensors", code);
  if (!code) return out;
  return fail(error(Code::BenchFailed, {}, "'{}' saved no initial weights: {}", run.string(),
                    code.message()));
}

// The baseline's optimizer, a loop in Python, rounds otherwise than PyTorch's fused one, which
// fdl's follows; batch normalisation and Adam make a last bit grow to 1e-4 within few steps. The
// rest of its work is that of the arm with the fused one.
const Arm* as_compared(const std::string& arm) {
  return find_peer(arm == kBaseline ? "torch-fused" : arm);
}

using Losses = std::map<std::string, std::vector<double>>;

// Of what the script calls `names`, in one process, which loads its framework once.
Result<Losses> peer_losses(const Job& job, const Arm& arm, const Setup& setup,
                           const fs::path& folder, const std::vector<std::string>& names) {
  std::vector<std::string> words = {"--same", folder.string(), "--arms"};
  words.insert(words.end(), names.begin(), names.end());
  const auto ended =
      run_program(peer_program(job, arm, setup, kStepsCompared, kSeed, words), setup);
  if (!ended) return fail(ended.error());
  const json told = json::parse(ended->last_line(), nullptr, false);
  Losses out;
  for (const std::string& name : names) {
    const json losses = told.value(json::json_pointer("/losses/" + name), json());
    if (!losses.is_array())
      return fail(
          error(Code::BenchFailed, {}, "the script's last line has no losses of '{}'", name));
    for (const json& loss : losses)
      out[name].push_back(loss.is_number() ? loss.get<double>() : std::nan(""));
  }
  return out;
}

// The arms that are compared, each once, by what one process of a peer can serve.
struct Served {
  const Arm* first;
  std::vector<const Arm*> arms;
};

std::vector<Served> served_together(const std::vector<std::string>& arms) {
  std::vector<Served> out;
  std::set<std::string> seen;
  for (const std::string& name : arms) {
    const Arm* arm = as_compared(name);
    if (arm == nullptr || arm->is_rounded || !seen.insert(arm->name).second) continue;
    const auto fits = [&](const Served& one) {
      return !arm->is_own && !one.first->is_own && one.first->is_jax == arm->is_jax &&
             one.first->is_tuned == arm->is_tuned;
    };
    const auto it = std::find_if(out.begin(), out.end(), fits);
    if (it == out.end())
      out.push_back({arm, {arm}});
    else
      it->arms.push_back(arm);
  }
  return out;
}

// By the names of the arms.
Result<Losses> losses_of(const Job& job, const Served& served, const Setup& setup,
                         const fs::path& folder) {
  if (served.first->is_own) {
    const auto losses = own_losses(job, served.first->words, setup, folder);
    if (!losses) return fail(losses.error());
    return Losses{{served.first->name, *losses}};
  }
  std::vector<std::string> names;
  for (const Arm* arm : served.arms) names.push_back(arm->script_name());
  auto losses = peer_losses(job, *served.first, setup, folder, names);
  if (!losses) return losses;
  Losses out;
  for (const Arm* arm : served.arms) out[arm->name] = (*losses)[arm->script_name()];
  return out;
}

}  // namespace

Difference difference_of(const std::vector<double>& own, const std::vector<double>& peer,
                         const std::vector<double>& rounded) {
  constexpr double kShares = 3;
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const auto steps = static_cast<std::size_t>(kStepsCompared);
  if (own.size() != steps || peer.size() != steps) return {kInfinite};
  Difference out;
  for (std::size_t i = 0; i < steps; ++i) {
    const double apart = std::abs(own[i] - peer[i]) / std::abs(peer[i]);
    if (!std::isfinite(apart)) return {kInfinite};
    const double allowed =
        std::max(kLossTolerance, i < rounded.size() ? kShares * rounded[i] : 0.0);
    if (apart * out.allowed >= out.apart * allowed) out = {apart, allowed};
  }
  return out;
}

std::vector<double> rounded_away(const std::vector<std::vector<double>>& peers,
                                 const std::vector<double>& exact) {
  std::vector<double> out(exact.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    if (i > 0) out[i] = out[i - 1];
    for (const std::vector<double>& peer : peers) {
      const double off = i < peer.size() ? std::abs(peer[i] - exact[i]) / std::abs(exact[i]) : 0;
      if (std::isfinite(off)) out[i] = std::max(out[i], off);
    }
  }
  return out;
}

Result<std::map<std::string, Difference>> compare_losses(const Job& job,
                                                         const std::vector<std::string>& arms,
                                                         const Setup& setup) {
  const fs::path folder = setup.work / "same";
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  FDL_TRY(make_folders(folder));
  if (job.is_drawn()) {
    const std::vector<std::string> words = {"--draw", (folder / "data.safetensors").string()};
    const auto drawn = run_program(
        peer_program(job, *find_peer(kBaseline), setup, kStepsCompared, kSeed, words), setup);
    if (!drawn) return fail(drawn.error());
  }
  const auto own = own_losses(job, {}, setup, folder);
  if (!own) return fail(own.error());
  Losses found;  // by that which ran for an arm
  std::vector<std::vector<double>> of_peers;
  bool is_close = true;
  for (const Served& served : served_together(arms)) {
    const auto losses = losses_of(job, served, setup, folder);
    if (!losses) return fail(losses.error());
    for (const auto& [arm, of_arm] : *losses) {
      is_close = is_close && !difference_of(*own, of_arm).is_too_large();
      found[arm] = of_arm;
      if (!served.first->is_own && !served.first->is_jax) of_peers.push_back(of_arm);
    }
  }
  std::vector<double> rounded;
  if (!is_close) {
    auto losses = peer_losses(job, *find_peer(kBaseline), setup, folder, {kDouble});
    if (!losses) return fail(losses.error());
    rounded = rounded_away(of_peers, (*losses)[kDouble]);
  }
  std::map<std::string, Difference> out;
  for (const std::string& arm : arms) {
    const Arm* peer = as_compared(arm);
    if (peer != nullptr && found.contains(peer->name))
      out[arm] = difference_of(*own, found[peer->name], rounded);
  }
  fs::remove_all(folder, ignored);
  return out;
}

}  // namespace fdl::commands::bench
