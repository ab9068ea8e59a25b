#include "lib/catalog/modules/gru_cell.h"

#include <ATen/ops/gru_cell.h>

#include "lib/nn/declarations.h"
#include "lib/nn/recurrent.h"

namespace fdl::nn {
namespace {

// x [B, H], h [B, S] -> [B, S].
Outputs gru_cell(const catalog::GruCellParams& p, const Tensors& own,
                 const std::vector<at::Tensor>& inputs, StepContext&) {
  const Cell cell = cell_of(own);
  const at::Tensor &x = inputs[0], h = cell_state(p, x, inputs[1]);
  return {at::gru_cell(x, h, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)};
}

}  // namespace

Forward forward_gru_cell() { return forward_of(gru_cell); }

}  // namespace fdl::nn
