#include "lib/train/lr_find.h"

#include <cmath>

#include <doctest/doctest.h>

namespace fdl::train {
namespace {

// A loss that stays, falls around 1e-2 and explodes above 1.
double loss_at(double lr) { return 2 - 1.5 / (1 + std::pow(1e-2 / lr, 2)) + std::pow(lr, 2); }

std::vector<RatePoint> curve_of(double (*loss)(double)) {
  std::vector<RatePoint> out;
  constexpr int kNumber = 200;
  for (int i = 0; i < kNumber; ++i) {
    const double lr = 1e-6 * std::pow(10, 8.0 * i / (kNumber - 1));
    if (!add_point(out, lr, loss(lr))) break;
  }
  return out;
}

}  // namespace

TEST_CASE("the suggestion is where the loss falls most steeply, before it is lowest") {
  const auto curve = curve_of(loss_at);
  CHECK(curve.back().lr < 20);  // it stops once the loss explodes
  const auto found = suggest_rate(curve);
  REQUIRE(found.has_value());
  CHECK(found->suggestion > 3e-3);
  CHECK(found->suggestion < 5e-2);
  CHECK(found->lowest_lr > found->suggestion);
}

TEST_CASE("a loss that never falls, or a curve of few points, suggests nothing") {
  CHECK(!suggest_rate(curve_of([](double lr) { return 1 + lr; })));
  CHECK(!suggest_rate(curve_of([](double) { return 1.0; })));
  CHECK(!suggest_rate({{1e-3, 1, 1}, {1e-2, 0.5, 0.5}}));
  // What scatters does not fall.
  CHECK(!suggest_rate(curve_of([](double lr) { return 1 + 0.1 * std::sin(1e9 * lr); })));
  std::vector<RatePoint> curve;
  CHECK(!add_point(curve, 1, NAN));
  CHECK(curve.empty());
}

TEST_CASE("the mean of the first losses is not drawn to 0") {
  std::vector<RatePoint> curve;
  for (int i = 0; i < 3; ++i) add_point(curve, 1, 5);
  for (const RatePoint& point : curve) CHECK(point.smooth == doctest::Approx(5));
}

}  // namespace fdl::train
