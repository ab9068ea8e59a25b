#include "lib/catalog/modules/multihead_attention.h"

#include "lib/nn/attention.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

Outputs multihead_attention(const catalog::MultiheadAttentionParams& p, const Tensors& own,
                            const std::vector<at::Tensor>& inputs, StepContext& context) {
  const Dropout dropout = dropout_of(context, p.dropout);
  if (!p.need_weights) return {multihead(p, own, "", inputs, dropout)};
  at::Tensor weights_BNTS;
  const at::Tensor out = multihead(p, own, "", inputs, dropout, &weights_BNTS);
  return {out, p.average_attn_weights ? weights_BNTS.mean(1) : weights_BNTS};
}

}  // namespace

Forward forward_multihead_attention() { return forward_of(multihead_attention); }

}  // namespace fdl::nn
