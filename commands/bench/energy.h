#pragma once

#include <filesystem>
#include <map>
#include <optional>

namespace fdl::commands::bench {

// What the processors' own counters say that they have taken since this object was made: of the
// whole machine, whoever used it.
class EnergyMeter {
 public:
  explicit EnergyMeter(std::filesystem::path counters = "/sys/class/powercap");

  // Empty where there is no counter, or it may not be read.
  std::optional<double> joules() const;

 private:
  std::filesystem::path counters_;
  std::map<std::filesystem::path, double> start_uj_;
};

}  // namespace fdl::commands::bench
