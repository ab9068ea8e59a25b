#include "lib/optim/line_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fdl::optim {
namespace {

constexpr double kEnoughDecrease = 1e-4;  // c1 of the Wolfe conditions
constexpr double kEnoughCurvature = 0.9;  // c2
constexpr std::int64_t kMostEvaluations = 25;

// Where the cubic through two points with their slopes is least, within bounds.
double least_of_cubic(const Point& a, const Point& b, double low, double high) {
  const double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length);
  const double square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const Point &first = a.length <= b.length ? a : b, &last = a.length <= b.length ? b : a;
  const double share = (last.slope + d2 - d1) / (last.slope - first.slope + 2 * d2);
  const double least = last.length - (last.length - first.length) * share;
  return std::isnan(least) ? (low + high) / 2 : std::min(std::max(least, low), high);
}

// Where the loss is not a number, it is worse than any: conditions are written so that it fails
// them.
class Search {
 public:
  Search(const LineSearch& given, const Point& start) : given_(given), start_(start) {}

  Result<Found> run(double length) {
    FDL_TRY(bracket(length));
    if (!is_done_) FDL_TRY(zoom());
    return Found{low_, num_evaluations_};
  }

 private:
  Result<Point> evaluate(double length) {
    ++num_evaluations_;
    return given_.evaluate(length);
  }

  double allowed(const Point& p) const {
    return start_.loss + kEnoughDecrease * p.length * start_.slope;
  }
  bool is_flat(const Point& p) const {
    return std::abs(p.slope) <= -kEnoughCurvature * start_.slope;
  }

  // Grows the step until it meets the conditions, or until a good one lies before it.
  Result<void> bracket(double length) {
    Result<Point> made = evaluate(length);
    if (!made) return fail(made.error());
    Point before = start_, point = *std::move(made);
    for (num_turns_ = 0; num_turns_ < kMostEvaluations; ++num_turns_) {
      const bool is_worse =
          !(point.loss <= allowed(point)) || (num_turns_ > 1 && point.loss >= before.loss);
      if (!is_worse && is_flat(point)) {
        is_done_ = true;
        low_ = std::move(point);
        return {};
      }
      if (is_worse || point.slope >= 0) return order(std::move(before), std::move(point));
      const double next = least_of_cubic(
          before, point, point.length + 0.01 * (point.length - before.length), point.length * 10);
      before = std::move(point);
      Result<Point> further = evaluate(next);
      if (!further) return fail(further.error());
      point = *std::move(further);
    }
    return order(start_, std::move(point));
  }

  Result<void> order(Point a, Point b) {
    is_low_first_ = !(b.loss < a.loss);
    low_ = is_low_first_ ? a : b;
    high_ = is_low_first_ ? std::move(b) : std::move(a);
    return {};
  }

  // Narrows the bracket. `has_stalled`: the last guess was near one end.
  Result<void> zoom() {
    bool has_stalled = false;
    while (!is_done_ && num_turns_ < kMostEvaluations) {
      const double least = std::min(low_.length, high_.length),
                   most = std::max(low_.length, high_.length);
      if ((most - least) * given_.largest_direction < given_.tolerance_change) return {};
      // In the order in which PyTorch keeps the two, which decides how the cubic rounds.
      const Point &a = is_low_first_ ? low_ : high_, &b = is_low_first_ ? high_ : low_;
      double length = least_of_cubic(a, b, least, most);
      const double margin = 0.1 * (most - least);
      const bool is_near_end = std::min(most - length, length - least) < margin;
      if (is_near_end && (has_stalled || length >= most || length <= least)) {
        length =
            std::abs(length - most) < std::abs(length - least) ? most - margin : least + margin;
        has_stalled = false;
      } else {
        has_stalled = is_near_end;
      }
      Result<Point> made = evaluate(length);
      if (!made) return fail(made.error());
      ++num_turns_;
      narrow(*std::move(made));
    }
    return {};
  }

  void narrow(Point point) {
    if (!(point.loss <= allowed(point)) || point.loss >= low_.loss) {
      high_ = std::move(point);
      if (high_.loss < low_.loss || (high_.loss == low_.loss && !is_low_first_)) {
        std::swap(low_, high_);
        is_low_first_ = !is_low_first_;
      }
      return;
    }
    if (is_flat(point))
      is_done_ = true;
    else if (point.slope * (high_.length - low_.length) >= 0)
      high_ = low_;
    low_ = std::move(point);
  }

  const LineSearch& given_;
  const Point& start_;
  Point low_, high_;  // the better and the other end of the bracket
  bool is_low_first_ = true;
  bool is_done_ = false;
  std::int64_t num_turns_ = 0, num_evaluations_ = 0;
};

}  // namespace

Result<Found> strong_wolfe(const LineSearch& search, const Point& start, double length) {
  return Search(search, start).run(length);
}

}  // namespace fdl::optim
