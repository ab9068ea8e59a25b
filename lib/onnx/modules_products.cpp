// Sums of products with learned or given numbers.
#include "lib/catalog/modules/adaptive_log_softmax.h"
#include "lib/catalog/modules/einsum.h"
#include "lib/catalog/modules/embedding.h"
#include "lib/catalog/modules/embedding_bag.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

Lowered linear(const Call& call) {
  return std::vector{call.linear(call.input(), call.rank(), call.own("weight"), call.own("bias"))};
}

Lowered matmul(const Call& call) {
  return std::vector{call.add("MatMul", {call.input(), call.input(1)})};
}

Lowered einsum(const Call& call) {
  std::vector<std::string> given;
  for (std::size_t i = 0; i < call.num_inputs(); ++i) {
    if (call.has(i)) given.push_back(call.input(i));
  }
  return std::vector{
      call.add("Einsum", given, {{"equation", call.params<catalog::EinsumParams>().equation}})};
}

// The feature o is a^T W_o b.
Lowered bilinear(const Call& call) {
  std::string out = call.add("Einsum", {call.input(), call.own("weight"), call.input(1)},
                             {{"equation", std::string("...i,oij,...j->...o")}});
  const std::string bias = call.own("bias");
  if (!bias.empty()) out = call.add("Add", {out, bias});
  return std::vector{out};
}

Lowered embedding(const Call& call) {
  const bool is_index =
      call.type().dtype == catalog::DType::I64 || call.type().dtype == catalog::DType::I32;
  const std::string index = is_index ? call.input() : call.cast(call.input(), catalog::DType::I64);
  return std::vector{call.add("Gather", {call.own("weight"), index})};
}

// The rows of each bag, joined.
Lowered embedding_bag(const Call& call) {
  const auto& p = call.params<catalog::EmbeddingBagParams>();
  if (p.padding_idx) return tl::unexpected(std::string("its 'padding_idx' leaves rows out"));
  const std::string rows =
      call.add("Gather", {call.own("weight"), call.cast(call.input(), catalog::DType::I64)});
  if (p.mode == "sum")
    return std::vector{
        call.add("ReduceSum", {rows, call.out().integers({-2})}, {{"keepdims", std::int64_t{0}}})};
  return std::vector{
      call.add(p.mode == "mean" ? "ReduceMean" : "ReduceMax", {rows},
               {{"axes", std::vector<std::int64_t>{-2}}, {"keepdims", std::int64_t{0}}})};
}

Lowered adaptive_log_softmax(const Call& call) {
  const auto& p = call.params<catalog::AdaptiveLogSoftmaxParams>();
  const auto log_softmax = [&](const std::string& x) {
    return call.add("LogSoftmax", {x}, {{"axis", std::int64_t{-1}}});
  };
  const std::string head = log_softmax(
      call.linear(call.input(), call.rank(), call.own("head.weight"), call.own("head.bias")));
  std::vector<std::int64_t> sizes(p.cutoffs.size() + 1, 1);
  sizes.front() = p.cutoffs.front();
  std::vector<std::string> parts = call.out().add("Split", {head, call.out().integers(sizes)},
                                                  sizes.size(), {{"axis", std::int64_t{-1}}});
  for (std::size_t i = 0; i < p.cutoffs.size(); ++i) {
    const std::string tail = "tail." + std::to_string(i);
    const std::string features =
        call.linear(call.input(), call.rank(), call.own(tail + ".0.weight"), "");
    const std::string inside =
        log_softmax(call.linear(features, call.rank(), call.own(tail + ".1.weight"), ""));
    parts[i + 1] = call.add("Add", {inside, parts[i + 1]});
  }
  return std::vector{call.add("Concat", parts, {{"axis", std::int64_t{-1}}})};
}

constexpr Row kRows[] = {
    {"adaptive_log_softmax", adaptive_log_softmax},
    {"bilinear", bilinear},
    {"einsum", einsum},
    {"embedding", embedding},
    {"embedding_bag", embedding_bag},
    {"linear", linear},
    {"matmul", matmul},
};

}  // namespace

std::span<const Row> product_rows() { return kRows; }

}  // namespace fdl::onnx
