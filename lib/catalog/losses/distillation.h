#pragma once

#include <string>

#include <fmt/format.h>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct DistillationParams {
  double temperature = 1;
  std::int64_t class_dim = 1;
  std::string reduction = "mean";
};

inline EntrySpec distillation_spec() {
  using P = DistillationParams;
  return declare_entry<P>("distillation",
                          "Kullback-Leibler divergence of the teacher's probabilities from the "
                          "output's, both softened by a temperature, times its square: summed over "
                          "the classes, then reduced over samples and places.")
      .param("temperature", &P::temperature, "What the scores of both are divided by.",
             config::main_field, config::above(0))
      .param("class_dim", &P::class_dim, "The axis of the classes.")
      .reduction()
      .no_target()
      .input("teacher", "The teacher's scores, like the output.", Values::Any, "f32[3]")
      .fits([](const P& p, const TensorTypes& types) -> std::optional<std::string> {
        if (auto why = needs_same_shape(types[0], "the teacher", types[1])) return why;
        if (auto why = needs_floating(types[1])) return why;
        const auto rank = static_cast<std::int64_t>(types[0].shape.size());
        if (p.class_dim != 0 && p.class_dim != -rank && p.class_dim >= -rank && p.class_dim < rank)
          return std::nullopt;
        return fmt::format("'class_dim: {}' is no axis of classes of {}", p.class_dim,
                           to_string(types[0]));
      })
      .source("Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2");
}

}  // namespace fdl::catalog
