#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct LeakyReluParams {
  double negative_slope = 0.01;
};

inline ModuleSpec leaky_relu_spec() {
  using P = LeakyReluParams;
  return elementwise<P>("leaky_relu", "x above 0, else negative_slope * x, element by element.", 2)
      .param("negative_slope", &P::negative_slope, "The slope below 0.", config::main_field)
      .source(
          "Maas, Hannun and Ng 2013, Rectifier nonlinearities improve neural network acoustic "
          "models")
      .example("leaky_relu: 0.1");
}

}  // namespace fdl::catalog
