#include "lib/catalog/modules/lstm_cell.h"

#include <ATen/ops/lstm_cell.h>

#include "lib/nn/declarations.h"
#include "lib/nn/recurrent.h"

namespace fdl::nn {
namespace {

// x [B, H], h and c [B, S] -> h and c.
Outputs lstm_cell(const catalog::LstmCellParams& p, const Tensors& own,
                  const std::vector<at::Tensor>& inputs, StepContext&) {
  const Cell cell = cell_of(own);
  const at::Tensor& x = inputs[0];
  const std::vector<at::Tensor> start = {cell_state(p, x, inputs[1]), cell_state(p, x, inputs[2])};
  const auto [h, c] =
      at::lstm_cell(x, start, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh);
  return {h, c};
}

}  // namespace

Forward forward_lstm_cell() { return forward_of(lstm_cell); }

}  // namespace fdl::nn
