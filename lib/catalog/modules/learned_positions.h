#pragma once

#include <fmt/format.h>

#include "lib/catalog/axes.h"
#include "lib/catalog/inputs.h"

namespace fdl::catalog {

struct LearnedPositionsParams {
  std::int64_t max = 0;
  std::int64_t embedding_dim = 0;
};

inline ModuleSpec learned_positions_spec() {
  using config::alias, config::at_least, config::inferred, config::main_field, config::required;
  using P = LearnedPositionsParams;
  return declare<P>("learned_positions", "Add a learned vector for each position of axis 1.")
      .param("max", &P::max, "How many positions have a vector: the longest sequence.", required,
             main_field, at_least(1))
      .param("embedding_dim", &P::embedding_dim, "Length of the last axis.", inferred, alias("dim"),
             at_least(1))
      .tensor("weight", "[max, embedding_dim]", normal(0, 1))
      .shape("[B, T, embedding_dim] -> the same, T at most max",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (auto why = wrong_rank(x, 3, "[B, T, embedding_dim]"))
                 return tl::unexpected(*why);
               if (auto why = infer_size("embedding_dim", p.embedding_dim, x.shape[2]))
                 return tl::unexpected(*why);
               // The length of a named axis is known when a batch comes.
               if (x.shape[1].is_number() && x.shape[1].number() > p.max)
                 return tl::unexpected(fmt::format("'max' is {}, but there are {} positions", p.max,
                                                   x.shape[1].text()));
               return x.shape;
             })
      .keeps({})
      .source("Gehring et al. 2017, arXiv:1705.03122, section 3.1")
      .example("learned_positions: { max: 6 }", {"f32[4, 3]"});
}

}  // namespace fdl::catalog
