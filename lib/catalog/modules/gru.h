#pragma once

#include "lib/catalog/recurrent.h"

namespace fdl::catalog {

struct GruParams : RecurrentParams {};

inline KeptPerStep kept_per_step(const GruParams& p) {
  return {4 * p.hidden_size, 7 * p.hidden_size, 3};
}

inline ModuleSpec gru_spec() {
  return declare_recurrent<GruParams>("gru", "Run gated recurrent units over axis 1.", 3,
                                      kRecurrentShape)
      .optional_input("h_0", DTypeClass::Floating)
      .optional_input("lengths", DTypeClass::Integer)
      .outputs({"output", "h_n"})
      .keeps_bytes([](const GruParams& p, const TensorType& input, const TensorType&) {
        return bytes_of(recurrent_kept(p, kept_per_step(p), input), input);
      })
      .source("torch.nn.GRU; Cho et al. 2014, arXiv:1406.1078, section 2.3")
      .example("gru: { hidden: 2, layers: 2, bidirectional: true, dropout: 0.25 }",
               {"f32[4, 3]", "f32[4, 2]", "i64[]"});
}

}  // namespace fdl::catalog
