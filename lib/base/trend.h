#pragma once

#include <cstddef>
#include <span>
#include <vector>

// Which way a recorded series goes, over its last `window` values; a window of 0, or one that is
// longer than the series, means all of them. What is not a number is for the caller to leave out.
namespace fdl::trend {

// Of the least-squares line through the values at 0, 1, 2, ...; 0 of fewer than two values.
double slope(std::span<const double> values, std::size_t window = 0);

// |slope| < tolerance. True of fewer than two values, which do not move: ask is_full first.
bool stalled(std::span<const double> values, std::size_t window, double tolerance);

enum class Better { Lower, Higher };
// The slope goes the better way.
bool improving(std::span<const double> values, std::size_t window, Better better = Better::Lower);

// Variance (of the values themselves, not of a sample) < tolerance; false of fewer than two values.
bool converged(std::span<const double> values, std::size_t window, double tolerance);

// What is asked of a series again and again, as it grows.
enum class Kind { Stalled, Converged };
struct Rule {
  Kind kind = Kind::Stalled;
  std::size_t window = 5;
  double tolerance = 1e-4;
};
// Takes up one more value, of which `seen` keeps the last `window`, and tells whether the rule
// holds: not before the window is full, and not at what is no number, which is passed over.
bool holds(const Rule& rule, std::vector<double>& seen, double value);

// Whether the series has as many values as the window asks for, and at least two: before that a
// trend should steer nothing.
bool is_full(std::span<const double> values, std::size_t window);

}  // namespace fdl::trend
