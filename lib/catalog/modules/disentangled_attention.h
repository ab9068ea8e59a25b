#pragma once

#include "lib/catalog/axes.h"
#include "lib/catalog/inputs.h"
#include "lib/catalog/parts.h"

namespace fdl::catalog {

struct DisentangledAttentionParams {
  std::int64_t num_heads = 0;
  std::int64_t embed_dim = 0;
  std::string pos_att_type = "c2p|p2c";
  std::int64_t position_buckets = 256;
  std::int64_t max_relative_positions = 512;
  bool share_att_key = true;
  bool norm_rel_ebd = true;
  double layer_norm_eps = 1e-7;
  double dropout = 0;
  double pos_dropout = 0;
  bool bias = true;

  bool has_c2p() const { return pos_att_type.find("c2p") != std::string::npos; }
  bool has_p2c() const { return pos_att_type.find("p2c") != std::string::npos; }
  bool has_positions() const { return has_c2p() || has_p2c(); }
  // Distances from -span to span, exclusive, have an embedding each.
  std::int64_t span() const {
    return position_buckets > 0 ? position_buckets : max_relative_positions;
  }
};

// Tensors as Hugging Face's DebertaV2 names them, whose encoder's rel_embeddings and LayerNorm each
// such module has to itself (`tie` shares them).
inline std::vector<TensorSpec> disentangled_tensors(const DisentangledAttentionParams& p) {
  constexpr double kStddev = 0.02;
  const Dim E = p.embed_dim;
  std::vector<TensorSpec> out;
  const auto projection = [&](const std::string& name) {
    out.push_back(owned_tensor(name + ".weight", {E, E}, normal(0, kStddev)));
    if (p.bias) out.push_back(owned_tensor(name + ".bias", {E}, zeros()));
  };
  for (const char* name : {"query_proj", "key_proj", "value_proj"}) projection(name);
  if (!p.share_att_key && p.has_c2p()) projection("pos_key_proj");
  if (!p.share_att_key && p.has_p2c()) projection("pos_query_proj");
  if (!p.has_positions()) return out;
  out.push_back(owned_tensor("rel_embeddings.weight", {2 * p.span(), E}, normal(0, kStddev)));
  if (p.norm_rel_ebd) append(out, norm_part("LayerNorm", E, true));
  return out;
}

inline TypeResult disentangled_types(DisentangledAttentionParams& p,
                                     const std::vector<TensorType>& inputs) {
  const TensorType& x = inputs[0];
  if (auto why = wrong_rank(x, 3, "[B, T, embed_dim]")) return tl::unexpected(*why);
  if (auto why = infer_size("embed_dim", p.embed_dim, x.shape[2])) return tl::unexpected(*why);
  if (p.embed_dim % p.num_heads != 0)
    return tl::unexpected("its last axis of " + std::to_string(p.embed_dim) +
                          " cannot be split into " + std::to_string(p.num_heads) + " heads");
  const Shape by_sample = {x.shape[0], x.shape[1]};
  if (auto why = misfit({{"mask", inputs[1], by_sample, DType::Bool}})) return tl::unexpected(*why);
  return std::vector<TensorType>{x};
}

// Three projections of the stream, the position's of the embeddings, and the products of scores.
struct DisentangledFlops {
  Dim of_stream, of_positions, scores;
  Dim sum() const { return of_stream + of_positions + scores; }
  // All go through the scores, and those of the embeddings through a projection.
  GradientFlops of_gradients() const {
    return {of_stream, of_stream + Dim(2) * of_positions, Dim(2) * scores};
  }
};
inline DisentangledFlops disentangled_flops(const DisentangledAttentionParams& p,
                                            const TensorType& x) {
  const Dim E = p.embed_dim, B = x.shape[0], T = x.shape[1], span = 2 * p.span();
  const Dim kinds = (p.has_c2p() ? 1 : 0) + (p.has_p2c() ? 1 : 0);
  return {Dim(6) * B * T * E * E, Dim(2) * kinds * span * E * E,
          Dim(2) * B * T * (Dim(2) * T + kinds * span) * E + Dim(5 * p.num_heads) * B * T * T};
}

// Bytes that it keeps beside what comes in: heads apart, scores of positions before they are
// picked, position embeddings by sample, and weights.
inline Dim disentangled_kept(const DisentangledAttentionParams& p, const TensorType& x) {
  const Dim E = p.embed_dim, B = x.shape[0], T = x.shape[1], R = 2 * p.span();
  const Dim kinds = (p.has_c2p() ? 1 : 0) + (p.has_p2c() ? 1 : 0), N = p.num_heads;
  const Dim stream = B * T * E, table = B * R * E, weights = B * N * T * T;
  Dim out = Dim(3) * stream + kinds * (stream + table + B * N * T * R);
  out = out + weights * Dim(p.dropout > 0 ? 3 : 1);
  if (!p.has_positions()) return bytes_of(out, x);
  if (p.pos_dropout > 0) out = out + Dim(2) * table;
  if (p.norm_rel_ebd) out = out + Dim(2) * R + (p.pos_dropout > 0 ? Dim(0) : R * E);
  return bytes_of(out, x) + kinds * T * T * Dim(bytes_of(DType::I64));
}

inline ModuleSpec disentangled_attention_spec() {
  using config::alias, config::at_least, config::at_least_and_below, config::between,
      config::inferred, config::main_field, config::required;
  using P = DisentangledAttentionParams;
  return declare<P>("disentangled_attention",
                    "Self-attention whose scores add what content says of content, content of "
                    "relative position, and relative position of content (DeBERTa). Without the "
                    "projection that follows: add a `linear`.")
      .param("num_heads", &P::num_heads, "Heads, between which the last axis is split.", required,
             main_field, alias("heads"), between(1, 65536))
      .param("embed_dim", &P::embed_dim, "Length of the last axis.", inferred, at_least(1))
      .param("pos_att_type", &P::pos_att_type,
             "Which scores positions add: content to position, position to content.",
             config::choices({"c2p|p2c", "c2p", "p2c", "none"}))
      .param("position_buckets", &P::position_buckets,
             "Distances beyond half of this share embeddings, in logarithmic steps; 0: none do.",
             between(0, 65536))
      .param("max_relative_positions", &P::max_relative_positions,
             "The largest distance that is told apart.", between(1, 65536))
      .param("share_att_key", &P::share_att_key,
             "Project position embeddings as content, not by matrices of their own.")
      .param("norm_rel_ebd", &P::norm_rel_ebd, "Apply a layer norm to the position embeddings.")
      .param("layer_norm_eps", &P::layer_norm_eps, "Added to the variance in that layer norm.",
             config::above(0))
      .param("dropout", &P::dropout, "Probability that a weight is zero, in training.",
             at_least_and_below(0, 1))
      .param("pos_dropout", &P::pos_dropout, "Likewise of a number of the position embeddings.",
             at_least_and_below(0, 1))
      .param("bias", &P::bias, "Add a learned vector after each projection.")
      .require(
          [](const P& p) {
            return p.position_buckets == 0 ||
                   (p.position_buckets >= 2 &&
                    p.max_relative_positions - 1 > p.position_buckets / 2);
          },
          "'position_buckets' must be at least 2, and half of it below max_relative_positions - 1")
      .input("input", DTypeClass::Floating)
      .optional_input("mask", DTypeClass::Any)
      .tensors(disentangled_tensors)
      .types("[B, T, embed_dim], mask bool[B, T] (true = real) -> [B, T, embed_dim]",
             disentangled_types)
      .flops([](const P& p, const TensorType& x, const TensorType&) {
        return disentangled_flops(p, x).sum();
      })
      .gradient_flops([](const P& p, const TensorType& x, const TensorType&) {
        return disentangled_flops(p, x).of_gradients();
      })
      .draws()
      .keeps_bytes([](const P& p, const TensorType& x, const TensorType&) {
        return disentangled_kept(p, x);
      })
      .source(
          "He, Liu, Gao and Chen 2021, arXiv:2006.03654, equations 2 to 4; the buckets of "
          "DebertaV2")
      .example(
          "disentangled_attention: { heads: 2, position_buckets: 4, max_relative_positions: "
          "16, dropout: 0.25, pos_dropout: 0.25 }",
          {"f32[3, 4]", "bool[3]"});
}

}  // namespace fdl::catalog
