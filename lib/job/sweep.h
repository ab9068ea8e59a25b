#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/config/layers.h"

// `sweep:` of a manifest: the values of which keys are tried together.
namespace fdl::job {

// One key, and what it may be: a list of values, or a range.
struct SweepAxis {
  enum class Scale { List, Linear, Log };
  std::string path;  // "training.optimizer.adamw.lr"
  Scale scale = Scale::List;
  std::vector<std::string> values;  // of a List: as they are written after `key=`
  double low = 0, high = 0;         // of a range, both included
  std::int64_t n = 0;               // of a range, in a grid
  bool integer = false;             // round to whole numbers
  Span span;
};

struct Sweep {
  enum class Method { Grid, Random, Sobol, Halving };
  std::vector<SweepAxis> axes;
  Method method = Method::Grid;
  std::string metric;  // that ranks: by its best value
  bool is_max = false;
  std::int64_t n = 0;  // points, of all methods but a grid
  std::int64_t seed = 0;
  std::int64_t factor =
      3;  // of halving: one of so many points goes on, with so many times the steps
};

// One combination of values, as `key=value` in the order of the axes.
using SweepPoint = std::vector<std::string>;

// All points, each once: of a grid the last axis moves fastest. A pure function of the sweep.
std::vector<SweepPoint> sweep_points(const Sweep& sweep);

// Of halving: after which shares of all steps points are compared; the last one is 1. Others have
// one rung.
std::vector<double> sweep_rungs(const Sweep& sweep);

// After how many of all steps a share of them is done.
std::int64_t steps_of_share(double share, std::int64_t total_steps);

// How many points go on from a rung of so many.
std::int64_t num_promoted(const Sweep& sweep, std::int64_t num_points);

}  // namespace fdl::job
