#include "commands/bench/energy.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace fdl::commands::bench {
namespace {

namespace fs = std::filesystem;

std::optional<double> number_in(const fs::path& file) {
  std::ifstream text(file);
  double out = 0;
  return text >> out ? std::optional(out) : std::nullopt;
}

// One colon: a whole processor. More of them are its parts, which it contains.
bool is_processor(const fs::path& counter) {
  const std::string name = counter.filename().string();
  return std::count(name.begin(), name.end(), ':') == 1;
}

}  // namespace

EnergyMeter::EnergyMeter(fs::path counters) : counters_(std::move(counters)) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(counters_, ignored)) {
    if (!is_processor(entry.path())) continue;
    if (const auto uj = number_in(entry.path() / "energy_uj")) start_uj_[entry.path()] = *uj;
  }
}

std::optional<double> EnergyMeter::joules() const {
  if (start_uj_.empty()) return std::nullopt;
  double sum_uj = 0;
  for (const auto& [counter, start_uj] : start_uj_) {
    const auto now_uj = number_in(counter / "energy_uj");
    if (!now_uj) return std::nullopt;
    const double begins_anew = *now_uj < start_uj ? 1 : 0;
    sum_uj +=
        *now_uj - start_uj + begins_anew * number_in(counter / "max_energy_range_uj").value_or(0);
  }
  return sum_uj / 1e6;
}

}  // namespace fdl::commands::bench
