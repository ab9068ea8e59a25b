#include "lib/catalog/modules/multihead_attention.h"

#include "lib/nn/attention.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

Outputs multihead_attention(const catalog::MultiheadAttentionParams& p, const Tensors& own,
                            const std::vector<at::Tensor>& inputs, StepContext& context) {
  AttentionWay way = attention_way(context, p.dropout);
  at::Tensor weights_BNTS;
  if (p.need_weights) way.weights = &weights_BNTS;
  const at::Tensor out = multihead(p, own, "", inputs, way);
  if (!p.need_weights) return {out};
  return {out, p.average_attn_weights ? weights_BNTS.mean(1) : weights_BNTS};
}

}  // namespace

Forward forward_multihead_attention() { return forward_of(multihead_attention); }

}  // namespace fdl::nn
