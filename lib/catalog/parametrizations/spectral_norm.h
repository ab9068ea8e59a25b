#pragma once

#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct SpectralNormParams {
  std::int64_t n_power_iterations = 1;
  double eps = 1e-12;
  std::optional<std::int64_t> dim;
};

inline EntrySpec spectral_norm_spec() {
  using P = SpectralNormParams;
  return declare_entry<P>("spectral_norm",
                          "A tensor divided by the largest singular value of its matrix, which "
                          "power iterations estimate, one call in training after the other.")
      .param("n_power_iterations", &P::n_power_iterations, "Iterations of each call in training.",
             config::main_field, config::between(1, 1000))
      .param("eps", &P::eps, "The smallest length that a vector is divided by.", config::above(0))
      .param("dim", &P::dim,
             "The axis of the matrix's rows; null: 1 of transposed convolutions, else 0.")
      .originals(
          [](P& p, const Sizes& shape, bool is_transposed) -> Originals {
            const auto num_axes = static_cast<std::int64_t>(shape.size());
            if (!p.dim) p.dim = is_transposed && num_axes > 1 ? 1 : 0;
            if (*p.dim < -num_axes || *p.dim >= num_axes)
              return tl::unexpected("there is no axis " + std::to_string(*p.dim) + " in " +
                                    to_string(Shape(shape.begin(), shape.end())));
            if (*p.dim < 0) *p.dim += num_axes;
            using Start = OriginalTensor::Start;
            std::vector<OriginalTensor> out = {{"original", shape, Start::AsComputed, false, 0}};
            if (num_axes == 1) return out;
            const std::int64_t rows = shape[static_cast<std::size_t>(*p.dim)];
            std::int64_t columns = 1;
            for (std::size_t i = 0; i < shape.size(); ++i) {
              if (static_cast<std::int64_t>(i) != *p.dim) columns *= shape[i];
            }
            out.push_back({"0._u", {rows}, Start::LeftVector, true, *p.dim});
            out.push_back({"0._v", {columns}, Start::RightVector, true, *p.dim});
            return out;
          },
          [](const P& p) { return 4 * p.n_power_iterations + 3; })
      .source(
          "Miyato et al. 2018, arXiv:1802.05957, algorithm 1; "
          "torch.nn.utils.parametrizations.spectral_norm");
}

}  // namespace fdl::catalog
