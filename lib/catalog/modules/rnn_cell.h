#pragma once

#include "lib/catalog/recurrent.h"

namespace fdl::catalog {

struct RnnCellParams : CellParams {
  std::string nonlinearity = "tanh";
};

inline ModuleSpec rnn_cell_spec() {
  using P = RnnCellParams;
  return declare_cell<P>("rnn_cell", "Do one step of a plain recurrent network.", 1)
      .param("nonlinearity", &P::nonlinearity, "What follows the sum.",
             config::choices({"tanh", "relu"}))
      .keeps_bytes([](const RnnCellParams& p, const TensorType& x, const TensorType&) {
        return bytes_of(x.shape[0] * Dim(1 * p.hidden_size), x);
      })
      .source("torch.nn.RNNCell")
      .example("rnn_cell: 2", {"f32[3]", "f32[2]"});
}

}  // namespace fdl::catalog
