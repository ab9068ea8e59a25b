#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalog/entry_spec.h"

// What initialisers know of a weight's shape and of what follows it. As torch.nn.init computes
// them.
namespace fdl::catalog {

// How many numbers go into one output of a weight [out, in, ...], and out of one input.
struct Fans {
  double in = 1, out = 1;
};
tl::expected<Fans, std::string> fans_of(const Sizes& shape);

// Empty when the shape has from `least` to `most` axes, else why not.
std::optional<std::string> needs_axes(const Sizes& shape, std::size_t least, std::size_t most);

// torch.nn.init.calculate_gain; `a` is the slope of a leaky_relu.
double gain_of(std::string_view nonlinearity, double a);
std::vector<std::string> nonlinearities();

// Evenly around 0 with that standard deviation.
Init uniform_of_std(double std);

}  // namespace fdl::catalog
