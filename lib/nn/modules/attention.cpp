#include "lib/catalog/modules/attention.h"

#include "lib/nn/attention.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

Outputs attention(const catalog::AttentionParams& p, const Tensors&,
                  const std::vector<at::Tensor>& inputs, StepContext& context) {
  return {attend(p, inputs, attention_way(context, p.dropout))};
}

}  // namespace

Forward forward_attention() { return forward_of(attention); }

}  // namespace fdl::nn
