// Attention, with and without projections, and the layers that are made of it.
#include "lib/catalog/modules/attention.h"
#include "lib/catalog/modules/multihead_attention.h"
#include "lib/catalog/transformer_layer.h"
#include "lib/onnx/attention.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

std::string given(const Call& call, std::size_t i) { return call.has(i) ? call.input(i) : ""; }

// query, key, value, mask, attn_mask as the inputs of a module.
Attended attended(const Call& call) {
  return {given(call, 0), given(call, 1), given(call, 2),
          given(call, 3), given(call, 4), call.type(4)};
}

Lowered attention(const Call& call) {
  return std::vector{attend(call, call.params<catalog::AttentionParams>(), attended(call))};
}

Lowered multihead_attention(const Call& call) {
  const auto& p = call.params<catalog::MultiheadAttentionParams>();
  std::string weights;
  const auto out = multihead(call, p, "", attended(call), p.need_weights ? &weights : nullptr);
  if (!out) return tl::unexpected(out.error());
  if (!p.need_weights) return std::vector{*out};
  if (p.average_attn_weights)
    weights = call.add("ReduceMean", {weights},
                       {{"axes", std::vector<std::int64_t>{1}}, {"keepdims", std::int64_t{0}}});
  return std::vector{*out, weights};
}

// A layer of an encoder or a decoder, sublayer by sublayer.
class Layer {
 public:
  explicit Layer(const Call& call)
      : call_(call), p_(call.params<catalog::TransformerLayerParams>()) {}

  // `sublayer` takes what it is given to what is added to x.
  template <typename Sublayer>
  tl::expected<std::string, std::string> add(const std::string& x, const std::string& norm,
                                             Sublayer sublayer) const {
    const auto made = sublayer(p_.norm_first ? normalised(x, norm) : x);
    if (!made) return made;
    const std::string sum = call_.add("Add", {x, *made});
    return p_.norm_first ? sum : normalised(sum, norm);
  }

  tl::expected<std::string, std::string> attend_to_itself(const std::string& x, std::size_t mask,
                                                          std::size_t attn_mask) const {
    return add(x, "norm1", [&](const std::string& y) {
      return multihead(
          call_, attention_of(p_, true), "self_attn.",
          {y, "", "", given(call_, mask), given(call_, attn_mask), call_.type(attn_mask)});
    });
  }

  tl::expected<std::string, std::string> attend_to_memory(const std::string& x) const {
    return add(x, "norm2", [&](const std::string& y) {
      return multihead(call_, attention_of(p_, false), "multihead_attn.",
                       {y, call_.input(1), "", given(call_, 4), "", catalog::TensorType::absent()});
    });
  }

  tl::expected<std::string, std::string> feed_forward(const std::string& x,
                                                      const std::string& norm) const {
    return add(x, norm, [&](const std::string& y) -> tl::expected<std::string, std::string> {
      const std::string wide =
          call_.linear(y, 3, call_.own("linear1.weight"), call_.own("linear1.bias"));
      const std::string bent =
          p_.activation == "gelu" ? gelu(call_, wide, false) : call_.add("Relu", {wide});
      return call_.linear(bent, 3, call_.own("linear2.weight"), call_.own("linear2.bias"));
    });
  }

 private:
  std::string normalised(const std::string& x, const std::string& norm) const {
    return layer_norm(call_, x, 1, p_.layer_norm_eps, call_.own(norm + ".weight"),
                      call_.own(norm + ".bias"));
  }

  const Call& call_;
  const catalog::TransformerLayerParams& p_;
};

Lowered last(tl::expected<std::string, std::string> made) {
  if (!made) return tl::unexpected(made.error());
  return std::vector{*made};
}

Lowered encoder_layer(const Call& call) {
  const Layer layer(call);
  const auto x = layer.attend_to_itself(call.input(), 1, 2);
  return x ? last(layer.feed_forward(*x, "norm2")) : last(x);
}

Lowered decoder_layer(const Call& call) {
  const Layer layer(call);
  const auto x = layer.attend_to_itself(call.input(), 2, 3);
  if (!x) return last(x);
  const auto y = layer.attend_to_memory(*x);
  return y ? last(layer.feed_forward(*y, "norm3")) : last(y);
}

constexpr Row kRows[] = {
    {"attention", attention},
    {"multihead_attention", multihead_attention},
    {"transformer_decoder_layer", decoder_layer},
    {"transformer_encoder_layer", encoder_layer},
};

}  // namespace

std::span<const Row> attention_rows() { return kRows; }

}  // namespace fdl::onnx
