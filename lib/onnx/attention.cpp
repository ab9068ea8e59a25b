// Attention from matrix products. Axis letters: B batch, T positions of the query, S of the key, N
// heads, K heads of key and value, W width of a head.
#include "lib/onnx/attention.h"

#include <cmath>
#include <limits>

#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

std::string unsqueezed(const Call& call, const std::string& x, const Ints& axes) {
  return call.add("Unsqueeze", {x, call.out().integers(axes)});
}

// [B, S, K W] -> [B, N, S, W]; N / K neighbours share a head.
std::string to_heads(const Call& call, const std::string& x, std::int64_t num_heads,
                     std::int64_t num_shared) {
  const std::string apart = call.add("Reshape", {x, call.out().integers({0, 0, num_heads, -1})});
  const std::string heads = call.add("Transpose", {apart}, {{"perm", Ints{0, 2, 1, 3}}});
  if (num_shared == 1) return heads;
  const std::string spread = call.add(
      "Expand", {unsqueezed(call, heads, {2}), call.out().integers({1, 1, num_shared, 1, 1})});
  // The width is not known here, so the shape is the former one with other heads.
  const std::string shape = call.add("Shape", {heads});
  const std::string to = call.add("Mul", {shape, call.out().integers({1, num_shared, 1, 1})});
  return call.add("Reshape", {spread, to});
}

// 0, 1, ... as many as that axis of x has places.
std::string range_of(const Call& call, const std::string& x, std::int64_t axis) {
  const std::string shape = call.add("Shape", {x});
  const std::string count = call.add("Gather", {shape, call.out().integer(axis)});
  return call.add("Range", {call.out().integer(0), count, call.out().integer(1)});
}

// Press et al. 2021, arXiv:2108.12409, section 3, as lib/nn/attention.cpp has them.
std::vector<double> alibi_slopes(std::int64_t N) {
  const auto power = static_cast<std::int64_t>(std::exp2(std::floor(std::log2(N))));
  std::vector<double> out;
  const auto add = [&](std::int64_t count, std::int64_t of, std::int64_t step) {
    for (std::int64_t i = 0; i < count; ++i)
      out.push_back(std::exp2(-8.0 * static_cast<double>(i * step + 1) / static_cast<double>(of)));
  };
  add(power, power, 1);
  add(N - power, 2 * power, 2);
  return out;
}

// Of pair i of n at a position, as lib/nn/positions.cpp has it.
double angle(std::int64_t position, std::int64_t i, std::int64_t n, double base) {
  const double rate = -std::log(base) / static_cast<double>(n);
  return static_cast<double>(position) * std::exp(static_cast<double>(i) * rate);
}

struct Masks {
  std::string seen;   // bool, to broadcast over [B, N, T, S]
  std::string added;  // to the scores
};

Masks masks_of(const Call& call, const catalog::AttentionOptions& p, const Attended& in) {
  Masks out;
  const auto also = [&](const std::string& seen) {
    out.seen = out.seen.empty() ? seen : call.add("And", {out.seen, seen});
  };
  std::string rows, columns;
  if (p.causal || p.alibi) {
    rows = unsqueezed(call, range_of(call, in.query, 1), {1});
    columns = unsqueezed(call, range_of(call, in.key, 1), {0});
  }
  if (!in.mask.empty()) also(unsqueezed(call, in.mask, {1, 2}));
  if (p.causal) also(call.add("GreaterOrEqual", {rows, columns}));
  if (p.alibi) {
    const std::string far = call.add("Abs", {call.add("Sub", {rows, columns})});
    std::vector<double> slopes = alibi_slopes(p.num_heads);
    for (double& slope : slopes) slope = -slope;
    out.added = call.add("Mul", {call.cast(far, call.dtype()),
                                 call.out().numbers(slopes, {p.num_heads, 1, 1}, call.dtype())});
  }
  if (in.attn_mask.empty()) return out;
  const std::string by_head =
      in.attn_mask_type.shape.size() == 3 ? unsqueezed(call, in.attn_mask, {1}) : in.attn_mask;
  if (in.attn_mask_type.dtype == catalog::DType::Bool)
    also(by_head);
  else
    out.added = out.added.empty() ? by_head : call.add("Add", {out.added, by_head});
  return out;
}

}  // namespace

std::string attend(const Call& call, const catalog::AttentionOptions& p, const Attended& in,
                   std::string* weights) {
  const std::int64_t N = p.num_heads, K = p.num_kv_heads;
  const std::string q_BNTW = to_heads(call, in.query, N, 1),
                    k_BNSW = to_heads(call, in.key, K, N / K),
                    v_BNSV = to_heads(call, in.value, K, N / K);
  const std::string turned = call.add("Transpose", {k_BNSW}, {{"perm", Ints{0, 1, 3, 2}}});
  const std::string shape = call.add("Shape", {q_BNTW});
  const std::string width = call.add("Gather", {shape, call.out().integer(3)});
  const std::string root = call.add("Sqrt", {call.cast(width, call.dtype())});
  std::string scores = call.add("MatMul", {call.add("Div", {q_BNTW, root}), turned});
  const Masks masks = masks_of(call, p, in);
  if (!masks.added.empty()) scores = call.add("Add", {scores, masks.added});
  if (!masks.seen.empty()) {
    const double nothing = -std::numeric_limits<double>::infinity();
    scores = call.add("Where", {masks.seen, scores, call.number(nothing)});
  }
  std::string weights_BNTS = call.add("Softmax", {scores}, {{"axis", std::int64_t{-1}}});
  // A query that may see nothing gets zeros, not what 0 / 0 is.
  if (!in.mask.empty() || !in.attn_mask.empty()) {
    const std::string none = call.add("IsNaN", {weights_BNTS});
    weights_BNTS = call.add("Where", {none, call.number(0), weights_BNTS});
  }
  if (weights != nullptr) *weights = weights_BNTS;
  const std::string mixed = call.add("MatMul", {weights_BNTS, v_BNSV});
  const std::string back = call.add("Transpose", {mixed}, {{"perm", Ints{0, 2, 1, 3}}});
  return call.add("Reshape", {back, call.out().integers({0, 0, -1})});
}

std::string first_rows(const Call& call, const std::string& table, std::size_t input) {
  Emitter& out = call.out();
  const catalog::Dim& places = call.type(input).shape[1];
  std::string stop;
  if (places.is_number()) {
    stop = out.integers({places.number()});
  } else {
    const std::string shape = call.add("Shape", {call.input(input)});
    stop = call.add("Gather", {shape, out.integers({1})});
  }
  return call.add("Slice", {table, out.integers({0}), stop, out.integers({0})});
}

tl::expected<std::string, std::string> position_table(const Call& call, std::int64_t columns,
                                                      double base, AtPosition at,
                                                      std::size_t input) {
  const catalog::Dim& places = call.type(input).shape[1];
  const auto most = call.most(places);
  if (!most)
    return tl::unexpected("its axis " + places.text() +
                          " has no bound, such as T<=512, for a table of positions");
  std::vector<double> table;
  for (std::int64_t t = 0; t < *most; ++t) {
    for (std::int64_t i = 0; i < columns; ++i) table.push_back(at(t, i, columns, base));
  }
  return first_rows(call, call.out().numbers(table, {*most, columns}, call.dtype()), input);
}

tl::expected<std::string, std::string> rotate(const Call& call, const std::string& x,
                                              std::int64_t num_heads, std::int64_t width,
                                              double base, bool is_interleaved, std::size_t input) {
  const std::int64_t half = width / 2;
  const auto cosines = position_table(
      call, half, base,
      [](auto t, auto i, auto n, double b) { return std::cos(angle(t, i, n, b)); }, input);
  if (!cosines) return tl::unexpected(cosines.error());
  const auto sines = position_table(
      call, half, base,
      [](auto t, auto i, auto n, double b) { return std::sin(angle(t, i, n, b)); }, input);
  const std::string cos = unsqueezed(call, *cosines, {1}), sin = unsqueezed(call, *sines, {1});
  const std::int64_t pair_axis = is_interleaved ? 4 : 3;
  const Ints split =
      is_interleaved ? Ints{0, 0, num_heads, half, 2} : Ints{0, 0, num_heads, 2, half};
  const std::string pairs = call.add("Reshape", {x, call.out().integers(split)});
  const auto part = [&](std::int64_t i) {
    return call.add("Gather", {pairs, call.out().integer(i)}, {{"axis", pair_axis}});
  };
  const auto times = [&](const std::string& a, const std::string& b) {
    return call.add("Mul", {a, b});
  };
  const std::string a = part(0), b = part(1);
  const std::string first = call.add("Sub", {times(a, cos), times(b, sin)}),
                    second = call.add("Add", {times(b, cos), times(a, sin)});
  const std::string joined = call.add(
      "Concat", {unsqueezed(call, first, {pair_axis}), unsqueezed(call, second, {pair_axis})},
      {{"axis", pair_axis}});
  return call.add("Reshape", {joined, call.out().integers({0, 0, num_heads * width})});
}

tl::expected<std::string, std::string> multihead(const Call& call,
                                                 const catalog::MultiheadParams& p,
                                                 const std::string& prefix, const Attended& in,
                                                 std::string* weights) {
  const Ints widths = {p.embed_dim, p.kv_width(), p.kv_width()};
  const auto split = [&](const std::string& tensor) {
    return call.out().add("Split", {tensor, call.out().integers(widths)}, 3,
                          {{"axis", std::int64_t{0}}});
  };
  const std::string packed = call.own(prefix + "in_proj_weight"),
                    bias = call.own(prefix + "in_proj_bias");
  const std::vector<std::string> matrices =
      packed.empty()
          ? std::vector{call.own(prefix + "q_proj_weight"), call.own(prefix + "k_proj_weight"),
                        call.own(prefix + "v_proj_weight")}
          : split(packed);
  const std::vector<std::string> biases = bias.empty() ? std::vector<std::string>(3) : split(bias);
  const std::string key = in.key.empty() ? in.query : in.key;
  Attended parts = in;
  parts.query = call.linear(in.query, 3, matrices[0], biases[0]);
  parts.key = call.linear(key, 3, matrices[1], biases[1]);
  parts.value = call.linear(in.value.empty() ? key : in.value, 3, matrices[2], biases[2]);
  if (p.rotary) {
    const auto query = rotate(call, parts.query, p.num_heads, p.head_width(), p.rotary_base, false);
    if (!query) return tl::unexpected(query.error());
    const auto turned = rotate(call, parts.key, p.num_kv_heads, p.head_width(), p.rotary_base,
                               false, in.key.empty() ? 0 : 1);
    if (!turned) return tl::unexpected(turned.error());
    parts.query = *query;
    parts.key = *turned;
  }
  return call.linear(attend(call, p, parts, weights), 3, call.own(prefix + "out_proj.weight"),
                     call.own(prefix + "out_proj.bias"));
}

}  // namespace fdl::onnx
