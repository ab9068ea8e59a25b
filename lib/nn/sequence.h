#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/nn/gates.h"

// One recurrent layer in one direction over whole sequences, in f32 on the CPU: two matrix products
// and one pass over the gates for each position, and their gradients likewise.
//
// Axis letters: T positions, B batch, I width of what comes in, H units, G gates * H.
namespace fdl::nn {

// All contiguous. c is an lstm's; biases are both there or both undefined.
struct SequenceInputs {
  at::Tensor x_TBI, h_BH, c_BH, weight_ih_GI, weight_hh_GH, bias_ih_G, bias_hh_G;
};

struct SequenceKind {
  GateKind gates = GateKind::Lstm;
  bool reversed = false;  // from the last position to the first
};

// What a forward gives, and what its backward needs of it. `gates` and `cells` are defined for
// kinds that have them: [T, B, 4 H] and [T, B, H].
struct SequenceStates {
  at::Tensor output_TBH, last_c_BH, gates, cells;
};

// keeps: whether a backward follows. The same inputs and thread count give the same bits. With the
// fused passes of another CPU kind, or in libtorch's own kernels, sums run in another order, and a
// unit of the last place is lost or won.
SequenceStates run_sequence(const SequenceKind& kind, const SequenceInputs& in, bool keeps);

struct SequenceGradients {
  at::Tensor output_TBH, last_c_BH;  // by the outputs, of any strides; undefined: zero
  bool wants_x = false, wants_h = false;
};

// By each of the inputs, laid out as they are; undefined where not wanted. Writes over
// `states.gates`.
SequenceInputs run_sequence_backward(const SequenceKind& kind, const SequenceInputs& in,
                                     const SequenceStates& states, const SequenceGradients& by);

}  // namespace fdl::nn
