#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::initializers {

struct UniformParams {
  double a = 0;
  double b = 1;
};

inline EntrySpec uniform_spec() {
  using P = UniformParams;
  return declare_entry<P>("uniform", "Evenly between a and b.")
      .param("a", &P::a, "The lower bound.")
      .param("b", &P::b, "The upper bound.")
      .initial([](const P& p, const Sizes&) -> InitResult {
        if (p.b <= p.a) return tl::unexpected(std::string("'b' must be above 'a'"));
        return Init{Init::Kind::Uniform, p.a, p.b};
      })
      .source("torch.nn.init.uniform_");
}

}  // namespace fdl::catalog::initializers
