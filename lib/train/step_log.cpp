#include "lib/train/step_log.h"

#include <algorithm>
#include <cmath>

namespace fdl::train {
namespace {

constexpr std::size_t kMostInOne = 100;
constexpr int kDigits = 7;  // of a f32 no more can be told

double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale =
      std::pow(10, kDigits - 1 - static_cast<int>(std::floor(std::log10(std::abs(value)))));
  const double out = std::round(value * scale) / scale;
  return std::isfinite(scale) && std::isfinite(out) ? out : value;
}

// Of each of even stretches the steps with the least and the greatest loss. One that is no number
// compares as neither, and is kept where it comes first.
std::vector<StepLog::Step> thinned(const std::vector<StepLog::Step>& steps) {
  if (steps.size() <= kMostInOne) return steps;
  constexpr std::size_t kStretches = kMostInOne / 2;
  std::vector<StepLog::Step> out;
  const auto by_loss = [](const StepLog::Step& a, const StepLog::Step& b) {
    return a.loss < b.loss;
  };
  for (std::size_t k = 0; k < kStretches; ++k) {
    const auto at = [&](std::size_t i) {
      return steps.begin() + static_cast<std::ptrdiff_t>(steps.size() * i / kStretches);
    };
    auto [least, greatest] = std::minmax_element(at(k), at(k + 1), by_loss);
    if (greatest < least) std::swap(least, greatest);
    out.push_back(*least);
    if (least != greatest) out.push_back(*greatest);
  }
  return out;
}

}  // namespace

monitor::Event StepLog::take(double now_s) {
  monitor::Event out;
  out.kind = "steps";
  out.numbers = {{"step", static_cast<double>(steps_.back().step)}, {"from_s", from_s_}};
  const bool has_norms = steps_.front().grad_norm.has_value();
  for (const Step& one : thinned(steps_)) {
    out.series["steps"].push_back(static_cast<double>(one.step));
    out.series["loss"].push_back(rounded(one.loss));
    out.series["lr"].push_back(rounded(one.lr));
    out.series["step_ms"].push_back(std::round(one.ms * 1e3) / 1e3);
    if (has_norms) out.series["grad_norm"].push_back(rounded(one.grad_norm.value_or(0)));
  }
  steps_.clear();
  from_s_ = now_s;
  return out;
}

}  // namespace fdl::train
