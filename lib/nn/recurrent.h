#pragma once

#include <ATen/core/Tensor.h>

#include "lib/catalog/recurrent.h"
#include "lib/nn/forward.h"
#include "lib/nn/gates.h"

// What rnn, lstm and gru share: layers, both directions, lengths, dropout between layers.
namespace fdl::nn {

// Sequences as libtorch's kernels take them: [B, T, H], or packed by length in falling order.
struct Sequences {
  at::Tensor values;
  at::Tensor batch_sizes;  // defined when packed
  bool is_packed() const { return batch_sizes.defined(); }
};

// One or several layers at once.
struct Stack {
  std::vector<at::Tensor> start;    // [layers * directions, B, state]: h, and then c
  std::vector<at::Tensor> weights;  // in PyTorch's order
  std::int64_t num_layers = 1;
  bool has_biases = true;
  bool is_bidirectional = false;
  bool training = false;
  bool fuses = true;  // where can_fuse() says so
};

// What one kind computes with, without dropout: the output's values as the input's, then the final
// states as `start`. `plain` is libtorch's operator. In f32 on the CPU, where every sequence of the
// batch is whole, lib/nn/sequence.h computes the same, faster and within 1e-6 of it.
struct RecurrentKernel {
  GateKind gates;
  std::vector<at::Tensor> (*plain)(const Sequences& input, const Stack& stack);
};

// inputs: input [B, T, H], states [B, layers * directions, state] (undefined: zeros), lengths [B]
// (undefined: all T; more than T counts as T). Past a sequence's end the output is zero; the final
// states, laid out as the first ones, are those of its last real position. A sequence of length 0
// keeps its states.
Outputs run_recurrent(const catalog::RecurrentParams& p, const Tensors& own,
                      const std::vector<at::Tensor>& inputs, StepContext& context,
                      const RecurrentKernel& kernel);

// A cell's tensors and first states: [B, hidden_size], zeros where undefined.
struct Cell {
  const at::Tensor& weight_ih;
  const at::Tensor& weight_hh;
  const at::Tensor& bias_ih;
  const at::Tensor& bias_hh;
};
Cell cell_of(const Tensors& own);
at::Tensor cell_state(const catalog::CellParams& p, const at::Tensor& x, const at::Tensor& given);

}  // namespace fdl::nn
