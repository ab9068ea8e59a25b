#pragma once

#include <utility>
#include <vector>

// Robust statistics of a few noisy rounds. None of these takes an empty list.
namespace fdl::commands::bench {

double median(std::vector<double> values);

// 1.4826 times the median absolute deviation: of a normal distribution its standard deviation.
double spread(const std::vector<double>& values);

// Bootstrap interval, 95 %, of median(above) / median(below). Entry i of both is of round i, and
// rounds are drawn whole: what slowed a round down slowed both down. The draws are always the same.
std::pair<double, double> ratio_interval(const std::vector<double>& above,
                                         const std::vector<double>& below);

}  // namespace fdl::commands::bench
