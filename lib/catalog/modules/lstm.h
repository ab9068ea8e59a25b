#pragma once

#include "lib/catalog/recurrent.h"

namespace fdl::catalog {

struct LstmParams : RecurrentParams {};

inline KeptPerStep kept_per_step(const LstmParams& p) {
  return {5 * p.hidden_size, lstm_kept_per_step(p), 4};
}

inline ModuleSpec lstm_spec() {
  using P = LstmParams;
  return declare_recurrent<P>("lstm", "Run long short-term memory over axis 1.", 4, kLstmShape)
      .param("proj_size", &P::proj_size,
             "Length to which the output of each step is projected; 0 projects nothing.",
             config::at_least(0))
      .require([](const P& p) { return p.proj_size < p.hidden_size; },
               "'proj_size' must be below 'hidden_size'")
      .optional_input("h_0", DTypeClass::Floating)
      .optional_input("c_0", DTypeClass::Floating)
      .optional_input("lengths", DTypeClass::Integer)
      .outputs({"output", "h_n", "c_n"})
      .keeps_bytes([](const LstmParams& p, const TensorType& input, const TensorType&) {
        return bytes_of(recurrent_kept(p, kept_per_step(p), input), input);
      })
      .source("torch.nn.LSTM; Hochreiter and Schmidhuber 1997, Neural Computation 9(8)")
      .example("lstm: { hidden: 2, layers: 2, bidirectional: true, dropout: 0.25 }",
               {"f32[4, 3]", "f32[4, 2]", "f32[4, 2]", "i64[]"});
}

}  // namespace fdl::catalog
