#pragma once

#include <array>

#include "lib/catalog/pictures.h"

namespace fdl::catalog {

struct RandomHflipParams {
  double p = 0.5;
};

inline EntrySpec random_hflip_spec() {
  using P = RandomHflipParams;
  return declare_entry<P>("random_hflip", "Mirror some pictures left to right.")
      .param("p", &P::p, "How often.", config::main_field, config::between(0, 1))
      .changes([](const P&, const TensorType& sample) { return picture(sample); })
      .draws()
      .source("torchvision RandomHorizontalFlip");
}

}  // namespace fdl::catalog
