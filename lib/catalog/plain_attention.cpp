#include "lib/catalog/plain_attention.h"

#include <map>

#include "lib/catalog/modules/attention.h"
#include "lib/catalog/modules/multihead_attention.h"
#include "lib/catalog/modules/transformer_decoder_layer.h"
#include "lib/catalog/modules/transformer_encoder_layer.h"

namespace fdl::catalog {
namespace {

using Types = std::vector<TensorType>;

// `numbers(params, inputs, outputs)`: kept for the backward pass.
template <typename P, typename F>
HeldMemory keeping(F numbers) {
  const auto bytes = [numbers](const void* params, const Types& inputs, const Types& outputs) {
    return bytes_of(numbers(*static_cast<const P*>(params), inputs, outputs), inputs.front());
  };
  return {bytes, {}, {}};
}

}  // namespace

const HeldMemory* plain_attention_memory(std::string_view module) {
  static const std::map<std::string_view, HeldMemory> kAll = {
      {"attention",
       keeping<AttentionParams>([](const auto& p, const Types& inputs, const Types& outputs) {
         const Dim kept = attention_kept(p, attention_inputs(inputs), false);
         // Where weights are dropped the output, which is declared to be kept, is not.
         return p.dropout > 0 ? kept - num_elements(outputs.front().shape) : kept;
       })},
      {"multihead_attention",
       keeping<MultiheadAttentionParams>([](const auto& p, const Types& inputs, const Types&) {
         return multihead_kept(p, inputs, false);
       })},
      {"transformer_encoder_layer",
       keeping<TransformerEncoderLayerParams>([](const auto& p, const Types& inputs, const Types&) {
         return layer_kept(p, inputs[0], nullptr, false);
       })},
      {"transformer_decoder_layer",
       keeping<TransformerDecoderLayerParams>([](const auto& p, const Types& inputs, const Types&) {
         return layer_kept(p, inputs[0], &inputs[1], false);
       })}};
  const auto found = kAll.find(module);
  return found == kAll.end() ? nullptr : &found->second;
}

}  // namespace fdl::catalog
