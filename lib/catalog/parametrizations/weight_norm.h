#pragma once

#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct WeightNormParams {
  std::optional<std::int64_t> dim = 0;
};

inline EntrySpec weight_norm_spec() {
  using P = WeightNormParams;
  return declare_entry<P>("weight_norm",
                          "A tensor as its direction, original1, times the lengths of its slices, "
                          "original0.")
      .param("dim", &P::dim, "The axis whose places have a length each; null: one for all.",
             config::main_field)
      .originals(
          [](P& p, const Sizes& shape, bool) -> Originals {
            const auto num_axes = static_cast<std::int64_t>(shape.size());
            if (p.dim && (*p.dim < -num_axes || *p.dim >= num_axes))
              return tl::unexpected("there is no axis " + std::to_string(*p.dim) + " in " +
                                    to_string(Shape(shape.begin(), shape.end())));
            if (p.dim && *p.dim < 0) *p.dim += num_axes;
            Sizes lengths;
            if (p.dim) {
              lengths.assign(shape.size(), 1);
              lengths[static_cast<std::size_t>(*p.dim)] = shape[static_cast<std::size_t>(*p.dim)];
            }
            using Start = OriginalTensor::Start;
            return std::vector<OriginalTensor>{
                {"original1", shape, Start::AsComputed, false, 0},
                {"original0", lengths, Start::Lengths, false, p.dim.value_or(-1)}};
          },
          [](const P&) { return std::int64_t{4}; })
      .source(
          "Salimans and Kingma 2016, arXiv:1602.07868, equation 2; "
          "torch.nn.utils.parametrizations.weight_norm");
}

}  // namespace fdl::catalog
