#pragma once

#include <optional>

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct SliceParams {
  std::int64_t dim = 1;
  std::int64_t start = 0;
  std::optional<std::int64_t> stop;
  std::int64_t step = 1;
};

inline ModuleSpec slice_spec() {
  using P = SliceParams;
  return declare<P>("slice", "A range of one axis.")
      .param("dim", &P::dim, "The axis.")
      .param("start", &P::start, "The first place; negative ones count from the end.")
      .param("stop", &P::stop,
             "The place before which it ends; negative ones count from the end, null is the end.")
      .param("step", &P::step, "Distance between two places.", config::at_least(1))
      .shape(
          "[N, axes] -> [N, axes with (stop - start + step - 1) / step at 'dim']",
          [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
            const auto axis = inner_axis(p.dim, x.shape);
            if (!axis) return tl::unexpected(axis.error());
            Shape out = x.shape;
            Dim& dim = out[static_cast<std::size_t>(*axis)];
            const Dim start = p.start < 0 ? dim + Dim(p.start) : Dim(p.start);
            const Dim stop = !p.stop ? dim : *p.stop < 0 ? dim + Dim(*p.stop) : Dim(*p.stop);
            // A named axis is compared when its size is known: when the model runs.
            const Dim below = dim - stop, length = stop - start;
            const bool outside = (start.is_number() && start.number() < 0) ||
                                 (below.is_number() && below.number() < 0);
            if (outside)
              return tl::unexpected(start.text() + " to " + stop.text() +
                                    " is not within an axis of size " + dim.text());
            if (length.is_number() && length.number() < 1)
              return tl::unexpected("nothing is between " + start.text() + " and " + stop.text());
            dim = floor_div(length + Dim(p.step - 1), p.step);
            return out;
          })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("x[:, start:stop:step]; a range that leaves the axis is refused")
      .example("slice: { dim: 1, start: 1, stop: -1 }");
}

}  // namespace fdl::catalog
