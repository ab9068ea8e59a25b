#include "lib/nn/recurrent.h"

#include <ATen/ops/_pack_padded_sequence.h>
#include <ATen/ops/_pad_packed_sequence.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "lib/cuda/unheard.h"
#include "lib/nn/dropout.h"
#include "lib/nn/fused_recurrent.h"

// Axis letters: B batch, T positions, H width of what comes in, L layers * directions, S a state's.
namespace fdl::nn {
namespace {

using catalog::RecurrentParams;
using TensorVector = std::vector<at::Tensor>;

TensorVector weights_of(const RecurrentParams& p, const Tensors& own, std::int64_t first_layer,
                        std::int64_t num_layers) {
  TensorVector out;
  for (std::int64_t layer = first_layer; layer < first_layer + num_layers; ++layer) {
    for (std::int64_t direction = 0; direction < p.num_directions(); ++direction) {
      const std::string suffix = "_l" + std::to_string(layer) + (direction == 0 ? "" : "_reverse");
      for (const char* name : {"weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"}) {
        const at::Tensor& tensor = own[name + suffix];
        if (tensor.defined()) out.push_back(tensor);
      }
    }
  }
  return out;
}

// The kernel over sequences of given lengths, which it takes packed and in falling order.
TensorVector run_packed(const at::Tensor& x_BTH, const at::Tensor& lengths_B, Stack stack,
                        const RecurrentKernel& kernel) {
  const auto T = x_BTH.size(1);
  const at::Tensor lengths = lengths_B.to(at::kLong);
  const auto [sorted, order] = lengths.clamp(1, T).sort(/*stable=*/true, 0, /*descending=*/true);
  const auto [values, batch_sizes] =
      at::_pack_padded_sequence(x_BTH.index_select(0, order), sorted.cpu(), /*batch_first=*/true);
  const TensorVector start = stack.start;
  for (at::Tensor& state : stack.start) state = state.index_select(1, order);
  TensorVector out = kernel.plain({values, batch_sizes}, stack);
  const at::Tensor back = order.argsort(), is_real = lengths.gt(0);
  const auto [padded, unused] =
      at::_pad_packed_sequence(out[0], batch_sizes, /*batch_first=*/true, /*padding=*/0, T);
  // A length of 0 went in as 1.
  out[0] = padded.index_select(0, back).mul(is_real.view({-1, 1, 1}));
  for (std::size_t i = 1; i < out.size(); ++i)
    out[i] = at::where(is_real.view({1, -1, 1}), out[i].index_select(1, back), start[i - 1]);
  return out;
}

TensorVector run_stack(const at::Tensor& x_BTH, const at::Tensor& lengths, const Stack& stack,
                       const RecurrentKernel& kernel) {
  if (lengths.defined()) return run_packed(x_BTH, lengths, stack, kernel);
  return stack.fuses && can_fuse(x_BTH, stack) ? run_fused(kernel, x_BTH, stack)
                                               : kernel.plain({x_BTH, {}}, stack);
}

// Layer by layer, so that the masks between them are ours.
TensorVector run_layers(const RecurrentParams& p, const Tensors& own, at::Tensor x_BTH,
                        const at::Tensor& lengths, const Stack& all, StepContext& context,
                        const RecurrentKernel& kernel) {
  std::vector<TensorVector> states(all.start.size());
  for (std::int64_t layer = 0; layer < p.num_layers; ++layer) {
    Stack one = all;
    one.num_layers = 1;
    one.weights = weights_of(p, own, layer, 1);
    for (at::Tensor& state : one.start)
      state = state.narrow(0, layer * p.num_directions(), p.num_directions()).contiguous();
    if (layer > 0) x_BTH = dropout_of(context, p.dropout, static_cast<std::uint64_t>(layer))(x_BTH);
    const TensorVector out = run_stack(x_BTH, lengths, one, kernel);
    x_BTH = out[0];
    for (std::size_t i = 0; i < states.size(); ++i) states[i].push_back(out[i + 1]);
  }
  TensorVector out = {x_BTH};
  for (const TensorVector& state : states) out.push_back(at::cat(state, 0));
  return out;
}

}  // namespace

Outputs run_recurrent(const RecurrentParams& p, const Tensors& own, const TensorVector& inputs,
                      StepContext& context, const RecurrentKernel& kernel) {
  const at::Tensor &x_BTH = inputs.front(), &lengths = inputs.back();
  // On a GPU cuDNN wants all weights in one piece and in an order of its own. libtorch puts them so
  // at each call, which takes little, and says each time that they are not.
  std::optional<cuda::Unheard> unheard;
  if (!x_BTH.device().is_cpu()) unheard.emplace();
  Stack stack;
  for (std::size_t i = 1; i + 1 < inputs.size(); ++i) {
    const std::int64_t S = i == 1 ? p.state_size() : p.hidden_size;
    stack.start.push_back(
        inputs[i].defined()
            ? inputs[i].transpose(0, 1).contiguous()
            : at::zeros({p.num_layers * p.num_directions(), x_BTH.size(0), S}, x_BTH.options()));
  }
  stack.num_layers = p.num_layers;
  stack.has_biases = p.bias;
  stack.is_bidirectional = p.bidirectional;
  stack.training = context.training;
  stack.fuses = context.fuses_recurrent;
  const bool drops = context.training && p.dropout > 0 && p.num_layers > 1;
  if (!drops) stack.weights = weights_of(p, own, 0, p.num_layers);
  Outputs out = drops ? run_layers(p, own, x_BTH, lengths, stack, context, kernel)
                      : run_stack(x_BTH, lengths, stack, kernel);
  for (std::size_t i = 1; i < out.size(); ++i) out[i] = out[i].transpose(0, 1);
  return out;
}

Cell cell_of(const Tensors& own) {
  return {own["weight_ih"], own["weight_hh"], own["bias_ih"], own["bias_hh"]};
}

at::Tensor cell_state(const catalog::CellParams& p, const at::Tensor& x, const at::Tensor& given) {
  return given.defined() ? given : at::zeros({x.size(0), p.hidden_size}, x.options());
}

}  // namespace fdl::nn
