#include "lib/catalog/modules/gru.h"

#include <ATen/ops/gru.h>

#include "lib/nn/declarations.h"
#include "lib/nn/recurrent.h"

namespace fdl::nn {
namespace {

Outputs plain(const Sequences& x, const Stack& s) {
  const auto [output, h] =
      x.is_packed() ? at::gru(x.values, x.batch_sizes, s.start[0], s.weights, s.has_biases,
                              s.num_layers, /*dropout=*/0, s.training, s.is_bidirectional)
                    : at::gru(x.values, s.start[0], s.weights, s.has_biases, s.num_layers,
                              /*dropout=*/0, s.training, s.is_bidirectional, /*batch_first=*/true);
  return {output, h};
}

Outputs gru(const catalog::GruParams& p, const Tensors& own, const std::vector<at::Tensor>& inputs,
            StepContext& context) {
  return run_recurrent(p, own, inputs, context, {GateKind::Gru, plain});
}

}  // namespace

Forward forward_gru() { return forward_of(gru); }

}  // namespace fdl::nn
