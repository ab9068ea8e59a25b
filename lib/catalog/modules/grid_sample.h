#pragma once

#include "lib/catalog/broadcast.h"
#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct GridSampleParams {
  std::string mode = "bilinear";
  std::string padding_mode = "zeros";
  bool align_corners = false;
};

inline ModuleSpec grid_sample_spec() {
  using P = GridSampleParams;
  return declare<P>("grid_sample",
                    "Read an image or a volume at the places that a grid tells, from -1 to 1 along "
                    "each axis.")
      .param("mode", &P::mode, "How values between the pixels are made.", config::main_field,
             config::choices({"bilinear", "nearest", "bicubic"}))
      .param("padding_mode", &P::padding_mode, "What is outside.",
             config::choices({"zeros", "border", "reflection"}))
      .param("align_corners", &P::align_corners,
             "-1 and 1 are the centres of the outermost pixels, not their edges.")
      .input("input", DTypeClass::Floating)
      .input("grid", DTypeClass::Floating)
      .types("[N, C, H, W], [N, H', W', 2] -> [N, C, H', W']; likewise with D, and 3",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               const Shape &x = inputs[0].shape, &grid = inputs[1].shape;
               if (x.size() != 4 && x.size() != 5)
                 return tl::unexpected(
                     std::string("it takes 4 or 5 axes: [N, C, H, W] or [N, C, D, H, W]"));
               const bool fits = grid.size() == x.size() && grid[0] == x[0] &&
                                 grid.back() == Dim(static_cast<std::int64_t>(x.size()) - 2);
               if (!fits)
                 return tl::unexpected("a grid of " + to_string(inputs[1]) +
                                       " does not tell its places");
               if (inputs[0].dtype != inputs[1].dtype)
                 return tl::unexpected(cannot_combine(inputs[0], inputs[1]));
               if (p.mode == "bicubic" && x.size() == 5)
                 return tl::unexpected(std::string("'bicubic' is for images only"));
               Shape out = {x[0], x[1]};
               out.insert(out.end(), grid.begin() + 1, grid.end() - 1);
               return std::vector<TensorType>{{inputs[0].dtype, out}};
             })
      .flops([](const P&, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * Dim(8);
      })
      .source("torch.nn.functional.grid_sample")
      .example("grid_sample", {"f64[2, 3, 4]", "f64[2, 3, 2]"});
}

}  // namespace fdl::catalog
