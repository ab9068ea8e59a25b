#include "lib/catalog/modules/multihead_attention.h"

#include "lib/nn/attention.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

Outputs multihead_attention(const catalog::MultiheadAttentionParams& p, const Tensors& own,
                            const std::vector<at::Tensor>& inputs, StepContext& context) {
  return {multihead(p, own, "", inputs, dropout_of(context, p.dropout))};
}

}  // namespace

Forward forward_multihead_attention() { return forward_of(multihead_attention); }

}  // namespace fdl::nn
