#pragma once

#include "lib/catalog/recurrent.h"

namespace fdl::catalog {

struct LstmCellParams : CellParams {};

inline ModuleSpec lstm_cell_spec() {
  return declare_cell<LstmCellParams>("lstm_cell", "Do one step of long short-term memory.", 4)
      .optional_input("c", DTypeClass::Floating)
      .outputs({"h", "c"})
      .keeps_bytes([](const LstmCellParams& p, const TensorType& x, const TensorType&) {
        return bytes_of(x.shape[0] * Dim(5 * p.hidden_size), x);
      })
      .source("torch.nn.LSTMCell")
      .example("lstm_cell: 2", {"f32[3]", "f32[2]", "f32[2]"});
}

}  // namespace fdl::catalog
