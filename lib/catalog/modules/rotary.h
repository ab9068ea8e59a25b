#pragma once

#include <fmt/format.h>

#include "lib/catalog/inputs.h"

namespace fdl::catalog {

struct RotaryParams {
  std::int64_t num_heads = 1;
  double base = 10000;
  bool interleaved = false;
};

inline ModuleSpec rotary_spec() {
  using config::above, config::alias, config::at_least, config::main_field;
  using P = RotaryParams;
  return declare<P>("rotary",
                    "Turn pairs of numbers by angles that grow with the position of axis 1.")
      .param("num_heads", &P::num_heads, "Heads, between which the last axis is split.", main_field,
             alias("heads"), at_least(1))
      .param("base", &P::base, "How much slower the last pair of a head turns than the first.",
             above(0))
      .param("interleaved", &P::interleaved,
             "Pair each number with its neighbour, not with the one half a head away.")
      .shape("[B, T, D] -> the same, D a multiple of 2 * num_heads",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (auto why = wrong_rank(x, 3, "[B, T, D]")) return tl::unexpected(*why);
               const Dim& width = x.shape[2];
               // In two steps: twice num_heads may not fit into an integer.
               if (!width.is_number() || width.number() % 2 != 0 ||
                   width.number() / 2 % p.num_heads != 0)
                 return tl::unexpected(fmt::format(
                     "its last axis of {} cannot be split into {} heads of an even size",
                     width.text(), p.num_heads));
               return x.shape;
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(3);
      })
      .keeps({})
      .source("Su et al. 2021, arXiv:2104.09864, section 3.2.2")
      .example("rotary: { heads: 2 }", {"f32[3, 8]"});
}

}  // namespace fdl::catalog
