#include "lib/catalog/modules/rnn_cell.h"

#include <ATen/ops/rnn_relu_cell.h>
#include <ATen/ops/rnn_tanh_cell.h>

#include "lib/nn/declarations.h"
#include "lib/nn/recurrent.h"

namespace fdl::nn {
namespace {

// x [B, H], h [B, S] -> [B, S].
Outputs rnn_cell(const catalog::RnnCellParams& p, const Tensors& own,
                 const std::vector<at::Tensor>& inputs, StepContext&) {
  const Cell cell = cell_of(own);
  const at::Tensor &x = inputs[0], h = cell_state(p, x, inputs[1]);
  const auto step = p.nonlinearity == "tanh" ? at::rnn_tanh_cell : at::rnn_relu_cell;
  return {step(x, h, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)};
}

}  // namespace

Forward forward_rnn_cell() { return forward_of(rnn_cell); }

}  // namespace fdl::nn
