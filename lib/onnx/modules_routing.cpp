// Routers, halts and selectors.
#include <limits>
#include <numeric>

#include "lib/catalog/modules/fixed_selector.h"
#include "lib/catalog/modules/noisy_top_k_router.h"
#include "lib/catalog/modules/threshold_halt.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

// One number for each sample, over all other axes.
std::string by_sample(const Call& call, const std::string& op, const std::string& x,
                      std::size_t num_axes) {
  std::vector<std::int64_t> axes(num_axes - 1);
  std::iota(axes.begin(), axes.end(), 1);
  if (axes.empty()) return x;
  return call.add(op, {x}, {{"axes", axes}, {"keepdims", std::int64_t{0}}});
}

Lowered threshold_halt(const Call& call) {
  const double threshold = call.params<catalog::ThresholdHaltParams>().threshold;
  const std::string most = by_sample(call, "ReduceMax", call.input(), call.rank());
  return std::vector{call.add("Sub", {most, call.number(threshold)})};
}

Lowered learned_halt(const Call& call) {
  const std::string sum =
      call.linear(call.input(), call.rank(), call.own("weight"), call.own("bias"));
  return std::vector{by_sample(call, "ReduceMean", sum, call.rank())};
}

// The k largest scores, and minus infinity elsewhere, through a softmax.
Lowered noisy_top_k_router(const Call& call) {
  const auto& p = call.params<catalog::NoisyTopKRouterParams>();
  const std::string scores = call.linear(call.input(), call.rank(), call.own("gate.weight"), "");
  const auto largest = call.out().add("TopK", {scores, call.out().integers({p.k})}, 2);
  const std::string nothing = call.number(-std::numeric_limits<double>::infinity());
  const std::string empty = call.add("Expand", {nothing, call.add("Shape", {scores})});
  const std::string kept =
      call.add("ScatterElements", {empty, largest[1], largest[0]}, {{"axis", std::int64_t{-1}}});
  return std::vector{call.add("Softmax", {kept}, {{"axis", std::int64_t{-1}}})};
}

Lowered fixed_selector(const Call& call) {
  const std::int64_t index = call.params<catalog::FixedSelectorParams>().index;
  const auto count = call.sizes({call.type().shape[0]});
  return std::vector{call.add("Expand", {call.out().integer(index), *count})};
}

constexpr Row kRows[] = {
    {"fixed_selector", fixed_selector},
    {"learned_halt", learned_halt},
    {"noisy_top_k_router", noisy_top_k_router},
    {"threshold_halt", threshold_halt},
};

}  // namespace

std::span<const Row> routing_rows() { return kRows; }

Lower find_lower(std::string_view module) {
  for (const auto& rows : {elementwise_rows(), activation_rows(), shape_rows(), selection_rows(),
                           reduction_rows(), product_rows(), spatial_rows(), norm_rows(),
                           sequence_rows(), attention_rows(), routing_rows()}) {
    for (const Row& row : rows) {
      if (row.module == module) return row.lower;
    }
  }
  return nullptr;
}

}  // namespace fdl::onnx
