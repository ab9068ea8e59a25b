#include "lib/catalog/modules/disentangled_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ops/_safe_softmax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ceil.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include "lib/nn/declarations.h"
#include "lib/nn/dropout.h"

// Axis letters: B batch, T positions, E width, N heads, W width of a head, R embeddings of relative
// positions.
namespace fdl::nn {
namespace {

using Params = catalog::DisentangledAttentionParams;

// i64[T, T]: position of the query minus that of the key; beyond half of the buckets in logarithmic
// steps. In float, and in DebertaV2's order, as rounding up decides.
at::Tensor relative_positions(const Params& p, std::int64_t T, at::Device device) {
  const at::Tensor place = at::arange(T, at::TensorOptions(at::kLong).device(device));
  const at::Tensor distance = place.unsqueeze(1).sub(place.unsqueeze(0));
  if (p.position_buckets == 0) return distance;
  const std::int64_t mid = p.position_buckets / 2;
  const at::Tensor far = distance.abs().clamp_min(std::max<std::int64_t>(mid - 1, 1));
  const double widest =
      static_cast<double>(p.max_relative_positions - 1) / static_cast<double>(mid);
  const at::Tensor share = at::log(far.div(mid)).div(at::log(at::tensor(widest, at::kFloat)));
  const at::Tensor bucket = at::ceil(share.mul(mid - 1)).add(mid).to(at::kLong);
  return at::where(far.le(mid), distance, bucket.mul(distance.sign()));
}

// The forward of one node, with what its parts share.
class Disentangled {
 public:
  Disentangled(const Params& p, const Tensors& own, StepContext& context)
      : p_(p), own_(own), context_(context) {}

  at::Tensor operator()(const at::Tensor& x_BTE, const at::Tensor& mask_BT) const {
    const at::Tensor q_BNTW = project("query_proj", x_BTE), k_BNTW = project("key_proj", x_BTE),
                     v_BNTW = project("value_proj", x_BTE);
    const double kinds = 1.0 + (p_.has_c2p() ? 1 : 0) + (p_.has_p2c() ? 1 : 0);
    const double scale = 1 / std::sqrt(static_cast<double>(q_BNTW.size(3)) * kinds);
    at::Tensor scores_BNTT = q_BNTW.matmul(k_BNTW.transpose(2, 3));
    if (p_.has_positions()) scores_BNTT = scores_BNTT.add(of_positions(q_BNTW, k_BNTW));
    scores_BNTT = scores_BNTT.mul(scale);
    if (mask_BT.defined()) {
      const at::Tensor seen = mask_BT.view({mask_BT.size(0), 1, 1, mask_BT.size(1)});
      scores_BNTT = at::where(seen, scores_BNTT, -std::numeric_limits<double>::infinity());
    }
    const at::Tensor weights =
        dropout_of(context_, p_.dropout, 0)(at::_safe_softmax(scores_BNTT, 3));
    return weights.matmul(v_BNTW).transpose(1, 2).flatten(2);
  }

 private:
  // [*, L, E] -> [*, N, L, W]
  at::Tensor project(const std::string& name, const at::Tensor& x) const {
    return at::linear(x, own_[name + ".weight"], own_[name + ".bias"])
        .unflatten(-1, {p_.num_heads, -1})
        .transpose(-3, -2);
  }

  // [B, R, E]: a sample has its own, as each loses others to dropout.
  at::Tensor embeddings(std::int64_t B) const {
    at::Tensor table_RE = own_["rel_embeddings.weight"];
    if (p_.norm_rel_ebd)
      table_RE = at::layer_norm(table_RE, {p_.embed_dim}, own_["LayerNorm.weight"],
                                own_["LayerNorm.bias"], p_.layer_norm_eps);
    const Dropout dropout = dropout_of(context_, p_.pos_dropout, 1);
    return dropout.is_active() ? dropout(table_RE.expand({B, -1, -1})) : table_RE.unsqueeze(0);
  }

  // What relative positions add to the scores [B, N, T, T].
  at::Tensor of_positions(const at::Tensor& q_BNTW, const at::Tensor& k_BNTW) const {
    const auto B = q_BNTW.size(0), N = q_BNTW.size(1), T = q_BNTW.size(2);
    const at::Tensor table = embeddings(B);
    const std::int64_t span = p_.span();
    const at::Tensor distance = relative_positions(p_, T, q_BNTW.device());
    const auto pick = [&](const at::Tensor& all_BNTR, const at::Tensor& offset) {
      const at::Tensor places = offset.add(span).clamp(0, 2 * span - 1).expand({B, N, T, T});
      return all_BNTR.gather(3, places);
    };
    at::Tensor out;
    if (p_.has_c2p()) {
      const at::Tensor key = project(p_.share_att_key ? "key_proj" : "pos_key_proj", table);
      out = pick(q_BNTW.matmul(key.transpose(2, 3)), distance);
    }
    if (p_.has_p2c()) {
      const at::Tensor query = project(p_.share_att_key ? "query_proj" : "pos_query_proj", table);
      const at::Tensor more =
          pick(k_BNTW.matmul(query.transpose(2, 3)), distance.neg()).transpose(2, 3);
      out = out.defined() ? out.add(more) : more;
    }
    return out;
  }

  const Params& p_;
  const Tensors& own_;
  StepContext& context_;
};

Outputs disentangled_attention(const Params& p, const Tensors& own,
                               const std::vector<at::Tensor>& inputs, StepContext& context) {
  return {Disentangled(p, own, context)(inputs[0], inputs[1])};
}

}  // namespace

Forward forward_disentangled_attention() { return forward_of(disentangled_attention); }

}  // namespace fdl::nn
