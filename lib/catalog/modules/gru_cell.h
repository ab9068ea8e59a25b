#pragma once

#include "lib/catalog/recurrent.h"

namespace fdl::catalog {

struct GruCellParams : CellParams {};

inline ModuleSpec gru_cell_spec() {
  return declare_cell<GruCellParams>("gru_cell", "Do one step of a gated recurrent unit.", 3)
      .source("torch.nn.GRUCell")
      .example("gru_cell: 2", {"f32[3]", "f32[2]"});
}

}  // namespace fdl::catalog
