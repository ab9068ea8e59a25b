#include "lib/monitor/live_lines.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "lib/base/quantile.h"
#include "lib/monitor/progress.h"

namespace fdl::monitor {
namespace {

constexpr std::size_t kMostLosses = 256;
constexpr std::size_t kCurveCells = 24;

std::string bar(double share, int cells, bool has_unicode) {
  const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * cells));
  std::string out;
  for (int i = 0; i < cells; ++i)
    out += has_unicode ? (i < full ? "█" : "░") : (i < full ? "#" : ".");
  return has_unicode ? out : "[" + out + "]";
}

std::string count(const std::optional<double>& number, const std::optional<double>& all) {
  const bool has_all = all && *all > 0;
  return fmt::format("{}{}", number.value_or(0), has_all ? fmt::format("/{}", *all) : "");
}

std::string bar_line(const std::string& name, double share, const std::string& rest, int width,
                     bool has_unicode) {
  const int cells = std::clamp(width / 5, 6, 20);
  return fmt::format("{:<6}{} {:>3.0f} %  {}", name, bar(share, cells, has_unicode), 100 * share,
                     rest);
}

bool is_lead_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

std::size_t num_characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_lead_byte));
}

std::string first_characters(const std::string& text, std::size_t most) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_lead_byte(text[i]) && seen++ == most) return text.substr(0, i);
  }
  return text;
}

std::string show_bytes(double bytes) {
  constexpr double kKibi = 1024;
  if (bytes < kKibi * kKibi) return fmt::format("{:.0f} KiB", bytes / kKibi);
  if (bytes < kKibi * kKibi * kKibi) return fmt::format("{:.0f} MiB", bytes / kKibi / kKibi);
  return fmt::format("{:.1f} GiB", bytes / kKibi / kKibi / kKibi);
}

std::string sparkline(const std::vector<double>& values, std::size_t cells, bool has_unicode) {
  constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr const char* kPlain[] = {"_", ".", ",", "-", "=", "+", "*", "#"};
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double v) { return std::isfinite(v); });
  if (finite.size() < 2) return "";
  cells = std::min(cells, finite.size());
  std::vector<double> means(cells);
  for (std::size_t k = 0; k < cells; ++k) {
    const std::size_t begin = finite.size() * k / cells, end = finite.size() * (k + 1) / cells;
    for (std::size_t i = begin; i < end; ++i)
      means[k] += finite[i] / static_cast<double>(end - begin);
  }
  const auto [least, greatest] = std::minmax_element(means.begin(), means.end());
  std::string out;
  for (const double mean : means) {
    const double share = *greatest > *least ? (mean - *least) / (*greatest - *least) : 0;
    const auto height = static_cast<std::size_t>(std::lround(share * 7));
    out += has_unicode ? kBlocks[height] : kPlain[height];
  }
  return out;
}

void LiveLines::take(const Event& event) {
  if (event.kind == "start") {
    steps_per_epoch_ = event.number("steps_per_epoch").value_or(0);
    resources_.clear();
  }
  const Part part = fold_.take(event);
  status_.add(part.status);
  if (event.kind == "resources") resources_ = event.numbers;
  if (event.kind == "progress" || event.kind == "epoch" || event.kind == "eval") {
    for (const auto& [key, value] : event.numbers) {
      if (key.find('/') != std::string::npos || key == "lr") measures_[key] = value;
    }
  }
  if (event.kind != "steps") return;
  if (const auto ms = part.series.find("step_ms"); ms != part.series.end())
    step_ms_ = ms->second.value;
  const auto loss = part.series.find("loss");
  if (loss == part.series.end()) return;
  for (const double value : loss->second.value) {
    if (!std::isfinite(value)) continue;
    pending_sum_ += value;
    if (++pending_ < steps_in_loss_) continue;
    losses_.push_back(pending_sum_ / static_cast<double>(pending_));
    pending_sum_ = 0;
    pending_ = 0;
    if (losses_.size() < kMostLosses) continue;
    for (std::size_t i = 0; i < kMostLosses / 2; ++i)
      losses_[i] = (losses_[2 * i] + losses_[2 * i + 1]) / 2;
    losses_.resize(kMostLosses / 2);
    steps_in_loss_ *= 2;
  }
}

std::vector<std::string> LiveLines::lines(int width, bool has_unicode) const {
  std::vector<std::string> out;
  const double step = status_.step.value_or(0), total = status_.total_steps.value_or(0);
  const double seconds = status_.seconds.value_or(0), left = status_.eta_s.value_or(0);
  if (steps_per_epoch_ > 0) {
    const double done = std::fmod(step, steps_per_epoch_);
    out.push_back(bar_line("epoch", done / steps_per_epoch_, count(status_.epoch, status_.epochs),
                           width, has_unicode));
  }
  const double share = total > 0            ? step / total
                       : seconds + left > 0 ? seconds / (seconds + left)
                                            : 0;
  out.push_back(bar_line("run", std::min(share, 1.0),
                         fmt::format("step {}  {} gone  {} left", count(step, total),
                                     show_duration(seconds), show_duration(left)),
                         width, has_unicode));
  if (const std::string curve = sparkline(losses_, kCurveCells, has_unicode); !curve.empty())
    out.push_back(fmt::format("loss  {}  {:.4g}", curve, losses_.back()));
  std::string measures;
  for (const auto& [key, value] : measures_) {
    const std::string part = key.substr(0, key.rfind('/'));
    if (key == "lr" || measures_.count(part + "/loss") != 0)
      measures += fmt::format("{}{} {:.4g}", measures.empty() ? "" : "  ", key, value);
  }
  if (!measures.empty()) out.push_back(measures);
  std::string speed;
  if (status_.samples_per_s) speed += fmt::format("{:.0f} samples/s", *status_.samples_per_s);
  if (!step_ms_.empty())
    speed += fmt::format("  step {:.1f} ms (p95 {:.1f})", quantile(step_ms_, 0.5),
                         quantile(step_ms_, 0.95));
  for (const auto& [key, value] : resources_) {
    if (key == "cpu_percent") speed += fmt::format("  cpu {:.0f} %", value);
    if (key == "rss_bytes") speed += "  memory " + show_bytes(value);
    if (key == "gpu0_percent") speed += fmt::format("  gpu {:.0f} %", value);
    if (key == "gpu0_memory_bytes") speed += "  gpu memory " + show_bytes(value);
  }
  if (!speed.empty()) out.push_back(speed);
  for (std::string& line : out)
    line = first_characters(line, static_cast<std::size_t>(std::max(1, width)));
  return out;
}

}  // namespace fdl::monitor
