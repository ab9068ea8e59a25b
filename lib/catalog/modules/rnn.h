#pragma once

#include "lib/catalog/recurrent.h"

namespace fdl::catalog {

struct RnnParams : RecurrentParams {
  std::string nonlinearity = "tanh";
};

inline KeptPerStep kept_per_step(const RnnParams& p) { return {0, p.hidden_size, 1}; }

inline ModuleSpec rnn_spec() {
  using P = RnnParams;
  return declare_recurrent<P>("rnn", "Run a plain recurrent network over axis 1.", 1,
                              kRecurrentShape)
      .param("nonlinearity", &P::nonlinearity, "What follows the sum in each step.",
             config::choices({"tanh", "relu"}))
      .optional_input("h_0", DTypeClass::Floating)
      .optional_input("lengths", DTypeClass::Integer)
      .outputs({"output", "h_n"})
      .keeps_bytes([](const RnnParams& p, const TensorType& input, const TensorType&) {
        return bytes_of(recurrent_kept(p, kept_per_step(p), input), input);
      })
      .source("torch.nn.RNN; Elman 1990, Cognitive Science 14, pages 179-211")
      .example("rnn: { hidden: 2, layers: 2, bidirectional: true, dropout: 0.25 }",
               {"f32[4, 3]", "f32[4, 2]", "i64[]"});
}

}  // namespace fdl::catalog
