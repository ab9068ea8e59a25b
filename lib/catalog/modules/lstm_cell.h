#pragma once

#include "lib/catalog/recurrent.h"

namespace fdl::catalog {

struct LstmCellParams : CellParams {};

inline ModuleSpec lstm_cell_spec() {
  return declare_cell<LstmCellParams>("lstm_cell", "Do one step of long short-term memory.", 4)
      .optional_input("c", DTypeClass::Floating)
      .outputs({"h", "c"})
      .source("torch.nn.LSTMCell")
      .example("lstm_cell: 2", {"f32[3]", "f32[2]", "f32[2]"});
}

}  // namespace fdl::catalog
