#include "lib/base/trend.h"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

namespace fdl::trend {

using Values = std::vector<double>;

TEST_CASE("slope is that of the least-squares line over the window") {
  CHECK(slope(Values{1, 3, 5, 7}) == 2);
  CHECK(slope(Values{2, 1}) == -1);
  // x = 0..3, y = 1 2 2 5: n sum(xy) - sum(x) sum(y) = 4 * 21 - 6 * 10, over 4 * 14 - 36.
  CHECK(slope(Values{1, 2, 2, 5}) == 1.2);
  CHECK(slope(Values{9, 9, 1, 3, 5}, 3) == 2);
  CHECK(slope(Values{1, 3, 5}, 10) == 2);
  CHECK(slope(Values{1, 3, 5}, 1) == 0);
  CHECK(slope(Values{}) == 0);
  CHECK(slope(Values{4}) == 0);
}

TEST_CASE("stalled: the slope is within the tolerance, strictly") {
  const Values falls = {4, 3, 2, 1, 1, 1};
  CHECK(!stalled(falls, 0, 0.5));
  CHECK(stalled(falls, 3, 1e-9));
  CHECK(!stalled(Values{0, 1, 2}, 0, 1));
  CHECK(stalled(Values{0, 1, 2}, 0, 1.01));
  CHECK(stalled(Values{2, 1, 0}, 0, 1.01));
  CHECK(stalled(Values{}, 5, 1e-4));
  CHECK(stalled(Values{7}, 5, 1e-4));
}

TEST_CASE("improving: downwards, or upwards where more is better") {
  const Values falls = {3, 2, 2.5, 1};
  CHECK(improving(falls, 0));
  CHECK(!improving(falls, 0, Better::Higher));
  CHECK(!improving(Values{3, 1, 2}, 2));
  CHECK(improving(Values{3, 1, 2}, 2, Better::Higher));
  CHECK(!improving(Values{1, 1}, 0));
}

TEST_CASE("converged: the variance of all values, not of a sample") {
  // The mean is 2, the variance 2 / 3.
  CHECK(!converged(Values{1, 2, 3}, 0, 0.66));
  CHECK(converged(Values{1, 2, 3}, 0, 0.67));
  CHECK(converged(Values{9, 1, 1}, 2, 1e-12));
  CHECK(!converged(Values{1}, 0, 1));
  CHECK(!converged(Values{}, 0, 1));
}

TEST_CASE("a window is full with as many values as it has, and two") {
  CHECK(!is_full(Values{1, 2}, 3));
  CHECK(is_full(Values{1, 2, 3}, 3));
  CHECK(!is_full(Values{1}, 0));
  CHECK(!is_full(Values{1}, 1));
  CHECK(is_full(Values{1, 2}, 0));
}

TEST_CASE("a rule looks at the last values, once there are enough, and passes over what is none") {
  const auto holds_at = [](const Rule& rule, const Values& values) {
    Values seen;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (holds(rule, seen, values[i])) return static_cast<int>(i) + 1;
      CHECK(seen.size() <= rule.window);
    }
    return 0;
  };
  const Rule level{Kind::Stalled, 3, 0.1}, still{Kind::Converged, 3, 0.1};
  CHECK(holds_at(level, {5, 4, 3, 3, 3}) == 5);
  CHECK(holds_at(level, {3, NAN, 3, INFINITY, 3}) == 5);
  CHECK(holds_at(level, {9, 1, 9}) == 3);  // up and down is level, but not still
  CHECK(holds_at(still, {9, 1, 9, 9, 9}) == 5);
  CHECK(holds_at(level, {3, 2, 1}) == 0);
}

}  // namespace fdl::trend
