#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct RollParams {
  AxisList shifts;
  AxisList dims;
};

inline ModuleSpec roll_spec() {
  using P = RollParams;
  return declare<P>("roll", "Move along axes; what leaves at one end comes in at the other.")
      .param("shifts", &P::shifts, "How many places, for each of 'dims'.", config::required)
      .param("dims", &P::dims, "One axis or several.", config::required)
      .require(
          [](const P& p) {
            return p.shifts.dims.size() == p.dims.dims.size() && !p.dims.dims.empty();
          },
          "'shifts' must have one number for each of 'dims'")
      .shape("[N, axes] -> the same",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (const auto why = axes_problem(p.dims, x.shape)) return tl::unexpected(*why);
               return x.shape;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .keeps({})
      .source("torch.roll")
      .example("roll: { shifts: 1, dims: 1 }");
}

}  // namespace fdl::catalog
