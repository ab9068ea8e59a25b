// `training.clip`, `ema`, `nan`, `spikes`, `watchdog`, `precision` and `accumulate`.
#include "lib/job/rules.h"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "lib/base/pattern.h"
#include "lib/job/sections.h"

namespace fdl::job {

double Ema::decay_at(std::int64_t n) const {
  if (!warmup) return decay;
  const auto count = static_cast<double>(n);
  return std::min(decay, (1 + count) / (10 + count));
}

namespace {

using config::Node;

// The given key of `section`, or null where it is absent or null.
const Node* given(const Node& section, const char* key) {
  const Node* node = section.find(key);
  return node != nullptr && !node->is_null() ? node : nullptr;
}

// Takes the paths that `keys.match` matches out of `free`.
std::optional<std::vector<std::string>> take_paths(const Node& item, const ClipKeys& keys,
                                                   std::vector<std::string>& free,
                                                   Diagnostics& problems) {
  if (keys.match.empty()) return std::exchange(free, {});
  const Node* at = item.find("match");
  const Span& span = at != nullptr ? at->span : item.span;
  const auto pattern = Pattern::parse(keys.match);
  if (!pattern) {
    problems.add(error(Code::BadPattern, span, "the pattern '{}' cannot be read: {}", keys.match,
                       pattern.error()));
    return std::nullopt;
  }
  const auto rest = std::stable_partition(
      free.begin(), free.end(), [&](const std::string& path) { return !pattern->matches(path); });
  std::vector<std::string> out(rest, free.end());
  free.erase(rest, free.end());
  if (!out.empty()) return out;
  problems.add(
      error(Code::BadPattern, span, "the pattern '{}' matches no parameter that is left",
            keys.match)
          .help("`fdl explain` shows the paths; the first rule that matches one takes it"));
  return std::nullopt;
}

void read_clip_rule(const Node& item, std::vector<std::string>& free, Training& out,
                    Diagnostics& problems) {
  ClipKeys keys;
  const std::size_t num_before = problems.size();
  config::bind_record(record_spec(&keys), item, &keys, problems);
  if (problems.size() != num_before) return;
  if (!keys.norm && !keys.value) {
    problems.add(error(Code::MissingKey, item.span, "this rule of 'clip' bounds nothing")
                     .help("give `norm:`, the largest norm, or `value:`, the largest element"));
    return;
  }
  if (auto paths = take_paths(item, keys, free, problems))
    out.clip.push_back({*std::move(paths), keys.norm, keys.norm_type, keys.value});
}

void read_clip(const Node& training, const graph::Graph& graph, Training& out,
               Diagnostics& problems) {
  const Node* node = given(training, "clip");
  if (node == nullptr) return;
  std::vector<std::string> free;  // parameters that no rule has yet
  for (const graph::OwnedTensor& tensor : graph.tensors) {
    if (!tensor.is_buffer) free.push_back(tensor.path);
  }
  if (!node->is_list()) return read_clip_rule(*node, free, out, problems);
  for (const Node& item : node->items) read_clip_rule(item, free, out, problems);
}

void bad_nan(const Node& node, Diagnostics& problems) {
  problems.add(
      error(Code::NotAChoice, node.span,
            "'nan' must be 'stop', 'skip', 'ignore' or a map such as {{skip: {{max: 3}}}}"));
}

void read_nan(const Node& training, Training& out, Diagnostics& problems) {
  const Node* node = given(training, "nan");
  if (node == nullptr) return;
  using Action = NanRule::Action;
  if (node->is_scalar()) {
    if (node->text == "stop")
      out.nan.action = Action::Stop;
    else if (node->text == "skip")
      out.nan.action = Action::Skip;
    else if (node->text == "ignore")
      out.nan.action = Action::Ignore;
    else
      bad_nan(*node, problems);
    return;
  }
  const Node* skip = node->is_map() && node->entries.size() == 1 ? node->find("skip") : nullptr;
  if (skip == nullptr) return bad_nan(*node, problems);
  out.nan.action = Action::Skip;
  const Node* most = skip->is_map() && skip->entries.size() == 1 ? skip->find("max") : nullptr;
  if (skip->is_null()) return;
  if (most == nullptr || !config::ValueTraits<std::int64_t>::read(*most, out.nan.most_skipped))
    problems.add(config::wrong_type(*skip, "skip", "a map such as {max: 3}"));
  else if (out.nan.most_skipped < 1)
    problems.add(error(Code::OutOfRange, most->span, "'max' must be at least 1, not {}",
                       out.nan.most_skipped)
                     .help("`nan: stop` leaves none out"));
}

void read_precision(const TrainingKeys& keys, Training& out) {
  if (keys.precision == "bf16") out.precision = Precision::BF16;
  if (keys.precision == "f16") out.precision = Precision::F16;
}

void read_device(const Node& training, const TrainingKeys& keys, Training& out,
                 Diagnostics& problems) {
  const std::optional<DeviceChoice> found = DeviceChoice::parse(keys.device);
  if (found) {
    out.device = *found;
    return;
  }
  const Node* const node = given(training, "device");
  problems.add(error(Code::NotAChoice, node->span, "there is no device '{}'", keys.device)
                   .help("`auto`, `cpu`, `cuda`, or `cuda:1` for the second GPU"));
}

void read_passes(const TrainingKeys& keys, Training& out) {
  const bool is_bitwise = keys.deterministic == "bitwise", is_off = keys.compile.mode == "false";
  out.is_deterministic = keys.deterministic != "false";
  out.passes = is_bitwise || is_off ? catalog::Passes::none() : catalog::Passes(keys.compile);
  if (is_bitwise) out.passes_off_by = "deterministic: bitwise";
  if (is_off && !is_bitwise) out.passes_off_by = "compile: false";
  if (is_bitwise || is_off || out.passes == catalog::Passes{}) return;
  std::vector<std::string> off;
  for (const catalog::Pass& pass : catalog::kPasses) {
    if (!(out.passes.*pass.is_on)) off.push_back(std::string(pass.name) + ": false");
  }
  out.passes_off_by = fmt::format("compile: {{{}}}", fmt::join(off, ", "));
}

// Those whose update looks at the same batch again.
void check_together(const Node& training, const graph::Graph& graph, const Training& t,
                    Diagnostics& problems) {
  const auto refuse = [&](const char* key, const std::string& why, const std::string& help) {
    problems.add(
        error(Code::DoNotGoTogether, training.find(key)->span, "{}", why).help("{}", help));
  };
  if (t.accumulate > 1 && !graph.states.empty())
    refuse("accumulate", "'accumulate' cannot add up batches of a model with `state:`",
           "take a larger 'batch_size': sequences of one batch are cut by `bptt` already");
  const bool looks_again = t.optimizer.spec != nullptr && t.optimizer.name() == "lbfgs";
  if (!looks_again) return;
  if (t.accumulate > 1)
    refuse("accumulate", "'lbfgs' evaluates its batch again, which 'accumulate' does not keep",
           "take a larger 'batch_size', or another optimizer");
  if (t.precision == Precision::F16)
    refuse("precision", "'lbfgs' cannot follow a loss whose scale changes, as that of 'f16' does",
           "take 'bf16' or 'f32', or another optimizer");
}

}  // namespace

std::optional<DeviceChoice> DeviceChoice::parse(std::string_view text) {
  if (text == "auto") return DeviceChoice{};
  if (text == "cpu") return DeviceChoice{Kind::Cpu, 0};
  if (text == "cuda") return DeviceChoice{Kind::Cuda, 0};
  constexpr std::string_view kPrefix = "cuda:";
  constexpr std::int64_t kMostDevices = 128;  // that c10 can number
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const auto index = config::parse_integer(text.substr(kPrefix.size()));
  if (!index || *index < 0 || *index >= kMostDevices) return std::nullopt;
  return DeviceChoice{Kind::Cuda, static_cast<int>(*index)};
}

void read_rules(const Node& training, const graph::Graph& graph, Training& out,
                Diagnostics& problems) {
  TrainingKeys keys;
  Diagnostics told_already;  // by the binding of all of `training`
  config::bind_record(record_spec(&keys), training, &keys, told_already);
  out.accumulate = std::max<std::int64_t>(1, keys.accumulate);
  read_precision(keys, out);
  read_device(training, keys, out, problems);
  read_passes(keys, out);
  read_clip(training, graph, out, problems);
  if (given(training, "ema") != nullptr)
    out.ema = Ema{keys.ema.decay, keys.ema.warmup, keys.ema.every, keys.ema.evaluate};
  read_nan(training, out, problems);
  if (given(training, "spikes") != nullptr) {
    using Action = SpikeRule::Action;
    const std::string& action = keys.spikes.action;
    out.spikes = SpikeRule{keys.spikes.z, keys.spikes.window,
                           action == "skip"   ? Action::Skip
                           : action == "stop" ? Action::Stop
                                              : Action::Warn};
  }
  if (given(training, "watchdog") != nullptr)
    out.watchdog = WatchdogRule{keys.watchdog.factor, keys.watchdog.least, keys.watchdog.window};
  check_together(training, graph, out, problems);
}

}  // namespace fdl::job
