#include "lib/catalog/modules/lstm.h"

#include <ATen/ops/lstm.h>

#include "lib/nn/declarations.h"
#include "lib/nn/recurrent.h"

namespace fdl::nn {
namespace {

Outputs plain(const Sequences& x, const Stack& s) {
  const auto [output, h, c] =
      x.is_packed() ? at::lstm(x.values, x.batch_sizes, s.start, s.weights, s.has_biases,
                               s.num_layers, /*dropout=*/0, s.training, s.is_bidirectional)
                    : at::lstm(x.values, s.start, s.weights, s.has_biases, s.num_layers,
                               /*dropout=*/0, s.training, s.is_bidirectional, /*batch_first=*/true);
  return {output, h, c};
}

Outputs lstm(const catalog::LstmParams& p, const Tensors& own,
             const std::vector<at::Tensor>& inputs, StepContext& context) {
  return run_recurrent(p, own, inputs, context, {GateKind::Lstm, plain});
}

}  // namespace

Forward forward_lstm() { return forward_of(lstm); }

}  // namespace fdl::nn
