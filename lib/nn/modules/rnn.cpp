#include "lib/catalog/modules/rnn.h"

#include <ATen/ops/rnn_relu.h>
#include <ATen/ops/rnn_tanh.h>

#include "lib/nn/declarations.h"
#include "lib/nn/recurrent.h"

namespace fdl::nn {
namespace {

// libtorch has two functions of one form.
template <typename Whole, typename Packed>
Outputs run(const Sequences& x, const Stack& s, Whole whole, Packed packed) {
  const auto [output, h] =
      x.is_packed() ? packed(x.values, x.batch_sizes, s.start[0], s.weights, s.has_biases,
                             s.num_layers, /*dropout=*/0, s.training, s.is_bidirectional)
                    : whole(x.values, s.start[0], s.weights, s.has_biases, s.num_layers,
                            /*dropout=*/0, s.training, s.is_bidirectional, /*batch_first=*/true);
  return {output, h};
}

Outputs plain_tanh(const Sequences& x, const Stack& s) {
  const auto call = [](const auto&... all) { return at::rnn_tanh(all...); };
  return run(x, s, call, call);
}

Outputs plain_relu(const Sequences& x, const Stack& s) {
  const auto call = [](const auto&... all) { return at::rnn_relu(all...); };
  return run(x, s, call, call);
}

Outputs rnn(const catalog::RnnParams& p, const Tensors& own, const std::vector<at::Tensor>& inputs,
            StepContext& context) {
  const RecurrentKernel kernel = p.nonlinearity == "tanh"
                                     ? RecurrentKernel{GateKind::Tanh, plain_tanh}
                                     : RecurrentKernel{GateKind::Relu, plain_relu};
  return run_recurrent(p, own, inputs, context, kernel);
}

}  // namespace

Forward forward_rnn() { return forward_of(rnn); }

}  // namespace fdl::nn
