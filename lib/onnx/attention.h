#pragma once

#include <string>

#include "lib/catalog/multihead.h"
#include "lib/onnx/call.h"

namespace fdl::onnx {

// Names of values; "" where absent. Shapes as in lib/nn/attention.h.
struct Attended {
  std::string query, key, value;
  std::string mask;       // bool[B, S]
  std::string attn_mask;  // [B, T, S] or [B, N, T, S]
  catalog::TensorType attn_mask_type = catalog::TensorType::absent();
};

// The mixture of the values, and where it is wanted the weights [B, N, T, S].
std::string attend(const Call& call, const catalog::AttentionOptions& p, const Attended& in,
                   std::string* weights = nullptr);

// With the projections that the module owns under `prefix`. An empty key stands for the query, an
// empty value for the key. Refuses rotary positions of an axis without a bound.
tl::expected<std::string, std::string> multihead(const Call& call,
                                                 const catalog::MultiheadParams& p,
                                                 const std::string& prefix, const Attended& in,
                                                 std::string* weights = nullptr);

// x [B, T, N * W] with pairs of numbers turned by the angle of their position, T being axis 1 of
// that input of the module.
tl::expected<std::string, std::string> rotate(const Call& call, const std::string& x,
                                              std::int64_t num_heads, std::int64_t width,
                                              double base, bool is_interleaved,
                                              std::size_t input = 0);

// A table of so many columns for the positions of axis 1 of an input, row by row of `at`; as many
// rows as there are positions. Refuses an axis that has neither a size nor a bound.
using AtPosition = double (*)(std::int64_t position, std::int64_t column, std::int64_t width,
                              double base);
tl::expected<std::string, std::string> position_table(const Call& call, std::int64_t columns,
                                                      double base, AtPosition at,
                                                      std::size_t input = 0);

// The first rows of a table, as many as axis 1 of an input has places.
std::string first_rows(const Call& call, const std::string& table, std::size_t input = 0);

}  // namespace fdl::onnx
