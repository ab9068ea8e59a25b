#pragma once

#include "lib/catalog/entry_spec.h"
#include "lib/catalog/fans.h"

namespace fdl::catalog::initializers {

struct DiracParams {
  std::int64_t groups = 1;
};

inline EntrySpec dirac_spec() {
  using P = DiracParams;
  return declare_entry<P>("dirac", "A convolution that hands its channels on as they are.")
      .param("groups", &P::groups, "Groups of the output channels.", config::at_least(1))
      .initial([](const P& p, const Sizes& shape) -> InitResult {
        if (auto why = needs_axes(shape, 3, 5)) return tl::unexpected(*why);
        if (shape[0] % p.groups != 0)
          return tl::unexpected(std::string("'groups' must divide the first axis"));
        return Init{Init::Kind::Dirac, static_cast<double>(p.groups)};
      })
      .source("torch.nn.init.dirac_");
}

}  // namespace fdl::catalog::initializers
