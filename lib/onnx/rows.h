#pragma once

#include <span>
#include <string_view>

#include "lib/onnx/call.h"

// Each file modules_*.cpp has one table of modules and how they become operations.
namespace fdl::onnx {

struct Row {
  std::string_view module;
  Lower lower;
};

std::span<const Row> elementwise_rows();
std::span<const Row> activation_rows();
std::span<const Row> shape_rows();
std::span<const Row> selection_rows();
std::span<const Row> reduction_rows();
std::span<const Row> product_rows();
std::span<const Row> spatial_rows();
std::span<const Row> norm_rows();
std::span<const Row> sequence_rows();
std::span<const Row> attention_rows();
std::span<const Row> routing_rows();

// What several files need. GELU of x, exact or by tanh.
std::string gelu(const Call& call, const std::string& x, bool by_tanh);
std::string layer_norm(const Call& call, const std::string& x, std::int64_t num_axes, double eps,
                       const std::string& weight, const std::string& bias);

// A list for an attribute or constant.
template <typename Range>
std::vector<std::int64_t> ints(const Range& values) {
  return {values.begin(), values.end()};
}
inline std::int64_t count_of(std::size_t n) { return static_cast<std::int64_t>(n); }

}  // namespace fdl::onnx
