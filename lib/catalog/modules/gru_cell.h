#pragma once

#include "lib/catalog/recurrent.h"

namespace fdl::catalog {

struct GruCellParams : CellParams {};

inline ModuleSpec gru_cell_spec() {
  return declare_cell<GruCellParams>("gru_cell", "Do one step of a gated recurrent unit.", 3)
      .keeps_bytes([](const GruCellParams& p, const TensorType& x, const TensorType&) {
        return bytes_of(x.shape[0] * Dim(6 * p.hidden_size), x);
      })
      .source("torch.nn.GRUCell")
      .example("gru_cell: 2", {"f32[3]", "f32[2]"});
}

}  // namespace fdl::catalog
