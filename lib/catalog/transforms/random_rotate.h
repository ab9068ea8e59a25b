#pragma once

#include <array>

#include "lib/catalog/pictures.h"

namespace fdl::catalog {

struct RandomRotateParams {
  double degrees = 0;
  double fill = 0;
};

inline EntrySpec random_rotate_spec() {
  using P = RandomRotateParams;
  return declare_entry<P>(
             "random_rotate",
             "Turn pictures around their middle by a random angle; f32 is interpolated, "
             "other numbers are taken from the nearest pixel.")
      .param("degrees", &P::degrees, "The largest angle, either way.", config::required,
             config::main_field, config::between(0, 180))
      .param("fill", &P::fill, "What comes in from outside.")
      .changes([](const P&, const TensorType& sample) { return picture(sample); })
      .draws()
      .source("torchvision RandomRotation");
}

}  // namespace fdl::catalog
