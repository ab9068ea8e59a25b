#pragma once

#include <array>

#include "lib/catalog/pictures.h"

namespace fdl::catalog {

struct RandomCutoutParams {
  std::int64_t size = 8;
  double fill = 0;
  double p = 1;
};

inline EntrySpec random_cutout_spec() {
  using P = RandomCutoutParams;
  return declare_entry<P>("random_cutout", "Cover a square at a random place of a picture.")
      .param("size", &P::size, "Side of the square.", config::main_field, config::at_least(1))
      .param("fill", &P::fill, "What covers it.")
      .param("p", &P::p, "How often.", config::between(0, 1))
      .changes([](const P&, const TensorType& sample) { return picture(sample); })
      .draws()
      .source("DeVries and Taylor 2017, arXiv:1708.04552");
}

}  // namespace fdl::catalog
