#pragma once

#include <array>

#include "lib/catalog/pictures.h"

namespace fdl::catalog {

struct RandomVflipParams {
  double p = 0.5;
};

inline EntrySpec random_vflip_spec() {
  using P = RandomVflipParams;
  return declare_entry<P>("random_vflip", "Turn some pictures upside down.")
      .param("p", &P::p, "How often.", config::main_field, config::between(0, 1))
      .changes([](const P&, const TensorType& sample) { return picture(sample); })
      .draws()
      .source("torchvision RandomVerticalFlip");
}

}  // namespace fdl::catalog
