#include "lib/catalog/recurrent.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "lib/catalog/axes.h"
#include "lib/catalog/modules/gru.h"
#include "lib/catalog/modules/lstm.h"
#include "lib/catalog/modules/rnn.h"
#include "lib/catalog/parts.h"

namespace fdl::catalog {
namespace {

InitRule state_uniform(std::int64_t hidden_size) {
  return uniform(1 / std::sqrt(static_cast<double>(hidden_size)));
}

// Length of what reaches a layer.
Dim layer_input(const RecurrentParams& p, std::int64_t layer) {
  return layer == 0 ? Dim(p.input_size) : Dim(p.num_directions()) * Dim(p.state_size());
}

// Whether lib/nn/sequence.h computes it, and not libtorch's operator.
bool is_fused(const RecurrentParams& p, const TensorType& input) {
  return input.dtype == DType::F32 && p.proj_size == 0;
}

// Each layer is a step of the backward pass: when a lower one's gradients come into being, what the
// higher ones kept is gone. So this is the most that lies beside the gradients of all weights.
Dim fused_kept(const RecurrentParams& p, KeptPerStep per_step, const TensorType& input) {
  const Dim steps = input.shape[0] * input.shape[1],
            width = Dim(p.num_directions()) * Dim(p.state_size());
  const bool joins = p.bidirectional, drops = p.dropout > 0;
  Dim kept = 0, weights = 0, most = 0;
  for (std::int64_t layer = 0; layer < p.num_layers; ++layer) {
    // What comes in is the output of the layer below, unless directions are joined or values are
    // dropped, which keeps a mask too. Beside the module's output each layer keeps its own.
    const Dim comes_in = layer == 0 ? input.shape[2] : width * Dim(drops ? 2 : joins ? 1 : 0);
    const Dim own = joins || layer + 1 < p.num_layers ? width : Dim(0);
    kept = kept + steps * (Dim(p.num_directions()) * Dim(per_step.fused) + comes_in + own);
    const Dim beside = kept - weights;
    if (layer == 0 || !beside.is_number() || beside.number() > most.number()) most = beside;
    weights = weights + Dim(p.num_directions() * per_step.num_gates) * Dim(p.hidden_size) *
                            (layer_input(p, layer) + Dim(p.state_size()));
  }
  return most;
}

// Numbers of the largest layer's weights, which libtorch's kernels reorder.
Dim largest_layer(const RecurrentParams& p, std::int64_t num_gates) {
  const Dim first = layer_input(p, 0), later = layer_input(p, 1);
  const bool later_is_larger = p.num_layers > 1 && later.number() > first.number();
  return Dim(num_gates) * Dim(p.hidden_size) *
         ((later_is_larger ? later : first) + Dim(p.state_size()));
}

constexpr std::int64_t kGatesOfLstm = 4;

// Numbers that lie beside all gradients of weights in the backward pass of libtorch's operators.
// An lstm's kernel reorders a layer's weights, and their gradients. The others go position by
// position: of the state's weights there are the sum, one position's gradient, and the sum with it,
// while those of the input's, which take all positions at once, are still to come.
Dim plain_backward_work(const RecurrentParams& p, std::int64_t num_gates) {
  if (num_gates == kGatesOfLstm) return Dim(2) * largest_layer(p, num_gates);
  const auto of_layer = [&](std::int64_t layer) {
    return Dim(num_gates) * Dim(p.hidden_size) *
           (Dim(2) * Dim(p.state_size()) - layer_input(p, layer));
  };
  std::int64_t most = std::max<std::int64_t>(0, of_layer(0).number());
  if (p.num_layers > 1) most = std::max(most, of_layer(1).number());
  return most;
}

}  // namespace

std::vector<TensorSpec> recurrent_tensors(const RecurrentParams& p, std::int64_t num_gates) {
  const InitRule init = state_uniform(p.hidden_size);
  const Dim gates = Dim(num_gates) * Dim(p.hidden_size);
  std::vector<TensorSpec> out;
  for (std::int64_t layer = 0; layer < p.num_layers; ++layer) {
    for (const char* direction : {"", "_reverse"}) {
      if (*direction != '\0' && !p.bidirectional) continue;
      const std::string suffix = "_l" + std::to_string(layer) + direction;
      const Dim state = p.state_size();
      out.push_back(owned_tensor("weight_ih" + suffix, {gates, layer_input(p, layer)}, init));
      out.push_back(owned_tensor("weight_hh" + suffix, {gates, state}, init));
      if (p.bias) {
        out.push_back(owned_tensor("bias_ih" + suffix, {gates}, init));
        out.push_back(owned_tensor("bias_hh" + suffix, {gates}, init));
      }
      if (p.proj_size > 0)
        out.push_back(owned_tensor("weight_hr" + suffix, {state, p.hidden_size}, init));
    }
  }
  return out;
}

std::vector<TensorSpec> cell_tensors(const CellParams& p, std::int64_t num_gates) {
  const InitRule init = state_uniform(p.hidden_size);
  const Dim gates = Dim(num_gates) * Dim(p.hidden_size);
  std::vector<TensorSpec> out = {owned_tensor("weight_ih", {gates, p.input_size}, init),
                                 owned_tensor("weight_hh", {gates, p.hidden_size}, init)};
  if (!p.bias) return out;
  out.push_back(owned_tensor("bias_ih", {gates}, init));
  out.push_back(owned_tensor("bias_hh", {gates}, init));
  return out;
}

TypeResult recurrent_types(RecurrentParams& p, const std::vector<TensorType>& inputs) {
  const TensorType& x = inputs.front();
  if (auto why = wrong_rank(x, 3, "[B, T, input_size]")) return tl::unexpected(*why);
  if (auto why = infer_size("input_size", p.input_size, x.shape[2])) return tl::unexpected(*why);
  const Dim batch = x.shape[0], num_states = Dim(p.num_layers * p.num_directions());
  const Shape hidden = {batch, num_states, p.state_size()},
              cell = {batch, num_states, p.hidden_size};
  const bool has_cell = inputs.size() == 4;
  std::vector<ExpectedInput> expected = {{"h_0", inputs[1], hidden, x.dtype},
                                         {"lengths", inputs.back(), {batch}, {}}};
  if (has_cell) expected.push_back({"c_0", inputs[2], cell, x.dtype});
  if (auto why = misfit(expected)) return tl::unexpected(*why);
  const Dim width = Dim(p.num_directions()) * Dim(p.state_size());
  std::vector<TensorType> out = {{x.dtype, {batch, x.shape[1], width}}, {x.dtype, hidden}};
  if (has_cell) out.push_back({x.dtype, cell});
  return out;
}

TypeResult cell_types(CellParams& p, const std::vector<TensorType>& inputs) {
  const TensorType& x = inputs.front();
  if (auto why = wrong_rank(x, 2, "[B, input_size]")) return tl::unexpected(*why);
  if (auto why = infer_size("input_size", p.input_size, x.shape[1])) return tl::unexpected(*why);
  const Shape state = {x.shape[0], p.hidden_size};
  std::vector<TensorType> out;
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (auto why = misfit({{i == 1 ? "h" : "c", inputs[i], state, x.dtype}}))
      return tl::unexpected(*why);
    out.push_back({x.dtype, state});
  }
  return out;
}

Dim recurrent_flops(const RecurrentParams& p, std::int64_t num_gates, const TensorType& input) {
  Dim per_step;
  for (std::int64_t layer = 0; layer < p.num_layers; ++layer) {
    const Dim gates = Dim(num_gates) * Dim(p.hidden_size);
    per_step = per_step + gates * (layer_input(p, layer) + Dim(p.state_size()));
    if (p.proj_size > 0) per_step = per_step + Dim(p.proj_size) * Dim(p.hidden_size);
  }
  return input.shape[0] * input.shape[1] * per_step * Dim(2 * p.num_directions());
}

GradientFlops recurrent_gradient_flops(const RecurrentParams& p, std::int64_t num_gates,
                                       const TensorType& input) {
  const Dim all = recurrent_flops(p, num_gates, input);
  const Dim coming = input.shape[0] * input.shape[1] * Dim(num_gates) * Dim(p.hidden_size) *
                     layer_input(p, 0) * Dim(2 * p.num_directions());
  return {coming, all, all - coming};
}

Dim recurrent_kept(const RecurrentParams& p, KeptPerStep per_step, const TensorType& input,
                   bool may_fuse) {
  if (may_fuse && is_fused(p, input)) return fused_kept(p, per_step, input);
  const Dim steps = input.shape[0] * input.shape[1], layers = p.num_layers;
  // Between two layers: what one gives the next, and with dropout its mask and what it leaves.
  const Dim between = (layers - Dim(1)) * Dim(p.dropout > 0 ? 2 : 1) * Dim(p.state_size());
  const Dim coming = Dim(p.num_directions()) * input.shape[2];  // and reversed
  return steps * (Dim(p.num_directions()) * (layers * Dim(per_step.plain) + between) + coming);
}

std::vector<std::string> kept_by_recurrent(const RecurrentParams& p) {
  std::vector<std::string> out = {"h_0", "c_0"};
  if (!p.bidirectional) out.push_back("output");
  return out;
}

std::int64_t lstm_kept_per_step(const RecurrentParams& p) {
  const auto lines = [](const Dim& numbers) { return floor_div(numbers + Dim(15), 16) * Dim(16); };
  const Dim hidden = p.hidden_size;
  return (Dim(2) * lines(Dim(4) * hidden) + Dim(8) * lines(hidden)).number();
}

Dim recurrent_forward_work(const RecurrentParams& p, std::int64_t num_gates,
                           const TensorType& input, bool may_fuse) {
  return may_fuse && is_fused(p, input) ? Dim(0) : bytes_of(largest_layer(p, num_gates), input);
}

Dim recurrent_backward_work(const RecurrentParams& p, std::int64_t num_gates,
                            const TensorType& input, bool may_fuse) {
  if (!may_fuse || !is_fused(p, input)) return bytes_of(plain_backward_work(p, num_gates), input);
  const Dim steps = input.shape[0] * input.shape[1], hidden = p.hidden_size;
  // What goes to the layer below, and where there is one gate, its gradient in a place of its own.
  const Dim below = p.num_layers > 1 ? steps * Dim(p.num_directions()) * hidden : Dim(0);
  const Dim gates = num_gates == 1 ? steps * hidden : Dim(0);
  return bytes_of(below + gates, input);
}

namespace {

template <typename P>
HeldMemory plain_memory_of() {
  const auto counted = [](auto count) {
    return [count](const void* params, const std::vector<TensorType>& inputs, const auto&) {
      return count(*static_cast<const P*>(params), inputs.front());
    };
  };
  const auto num_gates = [](const P& p) { return kept_per_step(p).num_gates; };
  return {counted([](const P& p, const TensorType& input) {
            return bytes_of(recurrent_kept(p, kept_per_step(p), input, false), input);
          }),
          counted([=](const P& p, const TensorType& input) {
            return recurrent_forward_work(p, num_gates(p), input, false);
          }),
          counted([=](const P& p, const TensorType& input) {
            return recurrent_backward_work(p, num_gates(p), input, false);
          })};
}

}  // namespace

const HeldMemory* plain_memory(std::string_view module) {
  static const std::map<std::string_view, HeldMemory> kAll = {
      {"rnn", plain_memory_of<RnnParams>()},
      {"lstm", plain_memory_of<LstmParams>()},
      {"gru", plain_memory_of<GruParams>()}};
  const auto found = kAll.find(module);
  return found == kAll.end() ? nullptr : &found->second;
}

Dim cell_flops(const CellParams& p, std::int64_t num_gates, const TensorType& input) {
  return input.shape[0] * Dim(2 * num_gates) * Dim(p.hidden_size) *
         (Dim(p.input_size) + Dim(p.hidden_size));
}

}  // namespace fdl::catalog
