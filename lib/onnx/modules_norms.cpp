// Normalisation.
#include <limits>

#include "lib/catalog/modules/batch_norm.h"
#include "lib/catalog/modules/group_norm.h"
#include "lib/catalog/modules/instance_norm.h"
#include "lib/catalog/modules/layer_norm.h"
#include "lib/catalog/modules/local_response_norm.h"
#include "lib/catalog/modules/rms_norm.h"
#include "lib/catalog/modules/sync_batch_norm.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {

std::string layer_norm(const Call& call, const std::string& x, std::int64_t num_axes, double eps,
                       const std::string& weight, const std::string& bias) {
  std::vector<std::string> inputs = {x, weight};
  if (!bias.empty()) inputs.push_back(bias);
  return call.add("LayerNormalization", inputs, {{"axis", -num_axes}, {"epsilon", eps}});
}

namespace {

// Constants for what a norm does not learn.
std::string or_all(const Call& call, const std::string& tensor, double value,
                   std::vector<std::int64_t> shape) {
  if (!tensor.empty()) return tensor;
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return call.out().numbers(std::vector<double>(static_cast<std::size_t>(count), value), shape,
                            call.dtype());
}

Lowered batch_norm(const Call& call, const catalog::BatchNormParams& p) {
  if (!p.track_running_stats)
    return tl::unexpected(std::string("without running statistics it depends on the batch"));
  const std::vector<std::int64_t> channels = {p.num_features};
  return std::vector{call.add("BatchNormalization",
                              {call.input(), or_all(call, call.own("weight"), 1, channels),
                               or_all(call, call.own("bias"), 0, channels),
                               call.own("running_mean"), call.own("running_var")},
                              {{"epsilon", p.eps}})};
}
Lowered batch_norm(const Call& call) {
  return batch_norm(call, call.params<catalog::BatchNormParams>());
}

Lowered layer_norm(const Call& call) {
  const auto& p = call.params<catalog::LayerNormParams>();
  const std::string weight = or_all(call, call.own("weight"), 1, p.normalized_shape);
  return std::vector{layer_norm(call, call.input(), count_of(p.normalized_shape.size()), p.eps,
                                weight, call.own("bias"))};
}

Lowered rms_norm(const Call& call) {
  const auto& p = call.params<catalog::RmsNormParams>();
  std::vector<std::int64_t> axes;
  for (std::size_t i = 0; i < p.normalized_shape.size(); ++i) axes.push_back(-1 - count_of(i));
  const bool is_double = call.dtype() == catalog::DType::F64;
  const double eps = p.eps.value_or(is_double ? std::numeric_limits<double>::epsilon()
                                              : std::numeric_limits<float>::epsilon());
  const std::string square = call.add("Mul", {call.input(), call.input()});
  const std::string mean =
      call.add("ReduceMean", {square}, {{"axes", axes}, {"keepdims", std::int64_t{1}}});
  const std::string root = call.add("Sqrt", {call.add("Add", {mean, call.number(eps)})});
  const std::string out = call.add("Div", {call.input(), root}), weight = call.own("weight");
  return std::vector{weight.empty() ? out : call.add("Mul", {out, weight})};
}

// Scale and shift for each channel, which is axis 1.
std::string by_channel(const Call& call, std::string x, const std::string& weight,
                       const std::string& bias) {
  std::vector<std::int64_t> shape(call.rank() - 1, 1);
  shape.front() = -1;
  const auto spread = [&](const std::string& t) {
    return call.add("Reshape", {t, call.out().integers(shape)});
  };
  if (!weight.empty()) x = call.add("Mul", {x, spread(weight)});
  return bias.empty() ? x : call.add("Add", {x, spread(bias)});
}

// The groups as channels of a norm by sample.
Lowered group_norm(const Call& call) {
  const auto& p = call.params<catalog::GroupNormParams>();
  const std::string apart =
      call.add("Reshape", {call.input(), call.out().integers({0, p.num_groups, -1})});
  const std::vector<std::int64_t> groups = {p.num_groups};
  const std::string normal = call.add(
      "InstanceNormalization", {apart, or_all(call, "", 1, groups), or_all(call, "", 0, groups)},
      {{"epsilon", p.eps}});
  const std::string together = call.add("Reshape", {normal, call.add("Shape", {call.input()})});
  return std::vector{by_channel(call, together, call.own("weight"), call.own("bias"))};
}

Lowered instance_norm(const Call& call) {
  const auto& p = call.params<catalog::InstanceNormParams>();
  const std::vector<std::int64_t> channels = {p.num_features};
  std::vector<std::string> inputs = {call.input(), or_all(call, call.own("weight"), 1, channels),
                                     or_all(call, call.own("bias"), 0, channels)};
  if (!p.track_running_stats)
    return std::vector{call.add("InstanceNormalization", inputs, {{"epsilon", p.eps}})};
  inputs.push_back(call.own("running_mean"));
  inputs.push_back(call.own("running_var"));
  return std::vector{call.add("BatchNormalization", inputs, {{"epsilon", p.eps}})};
}

Lowered local_response_norm(const Call& call) {
  const auto& p = call.params<catalog::LocalResponseNormParams>();
  if (call.rank() != 4)
    return tl::unexpected(std::string("runtimes have it for [N, C, H, W] only"));
  if (p.size % 2 == 0)
    return tl::unexpected(std::string("an even window is not centred as ONNX's"));
  return std::vector{
      call.add("LRN", {call.input()},
               {{"size", p.size}, {"alpha", p.alpha}, {"beta", p.beta}, {"bias", p.k}})};
}

constexpr Row kRows[] = {
    {"batch_norm", batch_norm},
    {"group_norm", group_norm},
    {"instance_norm", instance_norm},
    {"layer_norm", layer_norm},
    {"local_response_norm", local_response_norm},
    {"rms_norm", rms_norm},
    {"sync_batch_norm", batch_norm},
};

}  // namespace

std::span<const Row> norm_rows() { return kRows; }

}  // namespace fdl::onnx
