#pragma once

#include <algorithm>

#include "lib/catalog/reshaping.h"

namespace fdl::catalog {

struct PadParams {
  std::vector<std::int64_t> pads;
  std::string mode = "constant";
  double value = 0;
};

inline ModuleSpec pad_spec() {
  using P = PadParams;
  return declare<P>("pad", "Add places at the ends of axes.")
      .param("pads", &P::pads,
             "Before and after, for the last axis, then the one before it, and so on; negative "
             "ones cut off.",
             config::required, config::main_field)
      .param("mode", &P::mode, "What the new places hold.",
             config::choices({"constant", "reflect", "replicate", "circular"}))
      .param("value", &P::value, "The constant.")
      .require([](const P& p) { return !p.pads.empty() && p.pads.size() % 2 == 0; },
               "'pads' must have two numbers for each axis")
      .require(
          [](const P& p) {
            return p.mode == "constant" || *std::min_element(p.pads.begin(), p.pads.end()) >= 0;
          },
          "only the mode 'constant' takes negative pads")
      .shape("[N, axes] -> [N, axes + pads]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               return padded(x.shape, p.pads, p.mode);
             })
      .keeps_by([](const P& p) {
        return std::vector<std::string>(p.mode == "reflect" || p.mode == "replicate" ? 1 : 0,
                                        "input");
      })
      .source("torch.nn.functional.pad")
      .example("pad: [1, 2]");
}

}  // namespace fdl::catalog
