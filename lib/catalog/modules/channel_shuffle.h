#pragma once

#include <fmt/format.h>

#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct ChannelShuffleParams {
  std::int64_t groups = 1;
};

inline ModuleSpec channel_shuffle_spec() {
  using P = ChannelShuffleParams;
  return declare<P>("channel_shuffle",
                    "Deal the channels of each group out to all groups, so that groups mix.")
      .param("groups", &P::groups, "Groups that the channels are in.", config::required,
             config::main_field, config::at_least(1))
      .input("input", DTypeClass::Any)
      .shape("[N, C, places in one or more axes] -> the same",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (x.shape.size() < 3)
                 return tl::unexpected(std::string("it takes at least 3 axes: [N, C, places]"));
               if (exact_quotient(x.shape[1], p.groups)) return x.shape;
               return tl::unexpected(fmt::format("its {} channels cannot be split into {} groups",
                                                 x.shape[1].text(), p.groups));
             })
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .keeps({})
      .source("Zhang et al. 2018, arXiv:1707.01083, figure 1")
      .example("channel_shuffle: 3", {"f32[6, 4]"});
}

}  // namespace fdl::catalog
