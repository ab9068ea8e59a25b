#pragma once

#include <cstdint>

#include "lib/kernels/cpu_kind.h"

// What lies between the matrix products of a recurrent layer at one position, in f32 and in place:
// activations of gates, the new states, and their gradients. Torch-free.
//
// Axis letters: B rows of a batch, H units, G gates * H.
namespace fdl::nn {

using kernels::CpuKind;

// A rectangle of numbers. Its units lie side by side, its rows `stride` apart. May be null where
// said.
template <typename T>
struct Rows {
  T* data = nullptr;
  std::int64_t stride = 0;
  T* operator[](std::int64_t row) const { return data + row * stride; }
  explicit operator bool() const { return data != nullptr; }
};
using In = Rows<const float>;
using Out = Rows<float>;

// The part of a position that a call computes: all rows, and units first_unit to end_unit of H.
struct Part {
  std::int64_t num_rows = 0, num_units = 0, first_unit = 0, end_unit = 0;
};

// What one position reads and writes. `gates` [B, G] holds sums going forward and activations
// going back, where the gradients by those sums take their place.
struct Position {
  Out gates;
  const float* bias = nullptr;  // [G], forward
  In h_before, c_before;        // the states before the position; c of an lstm
  Out h, c;                     // after it
  In d_output;                  // backward: by the output; null where it is zero
  Out d_h, d_c;                 // by h and c after it; left with what goes by h (beside the
                                // products) and c before it
  float* d_bias = nullptr;      // [G], added to
};

// One kind of recurrent layer. `gates` lie thus:
//   lstm  i, f, g, o      4 H
//   gru   r, z, n, and hn 4 H: hn is the product of h and n's weights, with its bias
//   tanh, relu            H: the forward's gates are `h` itself; going back, `gates` only takes
//                            the gradient
struct GateKernel {
  void (*forward)(const Part&, const Position&);
  void (*backward)(const Part&, const Position&);
};
enum class GateKind { Lstm, Gru, Tanh, Relu };
GateKernel gate_kernel(GateKind kind, CpuKind cpu);

}  // namespace fdl::nn
