#include "lib/catalog/fans.h"

#include <cmath>

#include <fmt/format.h>

namespace fdl::catalog {

tl::expected<Fans, std::string> fans_of(const Sizes& shape) {
  if (auto why = needs_axes(shape, 2, shape.size())) return tl::unexpected(*why);
  Fans out;
  for (std::size_t i = 2; i < shape.size(); ++i) out.in *= static_cast<double>(shape[i]);
  out.out = out.in * static_cast<double>(shape[0]);
  out.in *= static_cast<double>(shape[1]);
  return out;
}

std::optional<std::string> needs_axes(const Sizes& shape, std::size_t least, std::size_t most) {
  if (shape.size() >= least && shape.size() <= most) return std::nullopt;
  const std::string wanted = least == most   ? fmt::format("{}", least)
                             : most <= least ? fmt::format("at least {}", least)
                                             : fmt::format("{} to {}", least, most);
  return fmt::format("it needs {} axes, and the tensor has {}", wanted, shape.size());
}

double gain_of(std::string_view nonlinearity, double a) {
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "leaky_relu") return std::sqrt(2 / (1 + a * a));
  if (nonlinearity == "selu") return 0.75;
  return 1;
}

std::vector<std::string> nonlinearities() {
  return {"linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"};
}

Init uniform_of_std(double std) {
  const double bound = std::sqrt(3.0) * std;
  return {Init::Kind::Uniform, -bound, bound};
}

}  // namespace fdl::catalog
