// One number from many.
#include <cmath>
#include <limits>

#include "lib/catalog/axis_list.h"
#include "lib/catalog/modules/cosine_similarity.h"
#include "lib/catalog/modules/cumsum.h"
#include "lib/catalog/modules/norm.h"
#include "lib/catalog/modules/normalize.h"
#include "lib/catalog/modules/vecdot.h"
#include "lib/catalog/spread.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

// In opset 17 the axes are an attribute, but of ReduceSum an input.
std::string reduce(const Call& call, const std::string& op, const std::string& x, const Ints& axes,
                   bool keepdim) {
  const std::int64_t keeps = keepdim ? 1 : 0;
  if (op == "ReduceSum") return call.add(op, {x, call.out().integers(axes)}, {{"keepdims", keeps}});
  return call.add(op, {x}, {{"axes", axes}, {"keepdims", keeps}});
}

template <const char* kOp>
Lowered over_axes(const Call& call) {
  const auto& p = call.params<catalog::ReductionParams>();
  const std::string x =
      call.type().dtype == call.dtype() ? call.input() : call.cast(call.input(), call.dtype());
  return std::vector{reduce(call, kOp, x, catalog::axes_from_front(p.dim, call.rank()), p.keepdim)};
}
constexpr char kMean[] = "ReduceMean", kSum[] = "ReduceSum", kMax[] = "ReduceMax",
               kMin[] = "ReduceMin", kProd[] = "ReduceProd", kLogSumExp[] = "ReduceLogSumExp";

// |x|^p, summed, to 1 / p.
std::string norm_of(const Call& call, double p, const Ints& axes, bool keepdim) {
  const std::string& x = call.input();
  if (p == 1) return reduce(call, "ReduceL1", x, axes, keepdim);
  if (p == 2) return reduce(call, "ReduceL2", x, axes, keepdim);
  const std::string size = call.add("Abs", {x});
  if (std::isinf(p)) return reduce(call, p > 0 ? "ReduceMax" : "ReduceMin", size, axes, keepdim);
  const std::string sum =
      reduce(call, "ReduceSum", call.add("Pow", {size, call.number(p)}), axes, keepdim);
  return call.add("Pow", {sum, call.number(1 / p)});
}

Lowered norm(const Call& call) {
  const auto& p = call.params<catalog::NormParams>();
  if (p.p == 0) return tl::unexpected(std::string("it counts what is not 0"));
  return std::vector{norm_of(call, p.p, catalog::axes_from_front(p.dim, call.rank()), p.keepdim)};
}

Lowered normalize(const Call& call) {
  const auto& p = call.params<catalog::modules::NormalizeParams>();
  if (p.p == 0) return tl::unexpected(std::string("its norm counts what is not 0"));
  const std::string norm = norm_of(call, p.p, {Call::axis(p.dim, call.rank())}, true);
  return std::vector{call.add("Div", {call.input(), call.add("Max", {norm, call.number(p.eps)})})};
}

// The mean of squared differences, by one less than their count.
std::string variance(const Call& call) {
  const auto& p = call.params<catalog::SpreadParams>();
  const Ints axes = catalog::axes_from_front(p.dim, call.rank());
  catalog::Dim count = 1;
  for (const std::int64_t axis : axes)
    count = count * call.type().shape[static_cast<std::size_t>(axis)];
  const std::string mean = reduce(call, "ReduceMean", call.input(), axes, true);
  const std::string away = call.add("Sub", {call.input(), mean});
  const std::string sum = reduce(call, "ReduceSumSquare", away, axes, p.keepdim);
  return call.add("Div", {sum, call.number(static_cast<double>(count.number() - p.correction))});
}
bool has_count(const Call& call) {
  const auto& p = call.params<catalog::SpreadParams>();
  for (const std::int64_t axis : catalog::axes_from_front(p.dim, call.rank())) {
    if (!call.type().shape[static_cast<std::size_t>(axis)].is_number()) return false;
  }
  return true;
}
Lowered var(const Call& call) {
  if (!has_count(call)) return tl::unexpected(std::string("its axes have no fixed size"));
  return std::vector{variance(call)};
}
Lowered std_deviation(const Call& call) {
  if (!has_count(call)) return tl::unexpected(std::string("its axes have no fixed size"));
  return std::vector{call.add("Sqrt", {variance(call)})};
}

Lowered cumsum(const Call& call) {
  const std::string x =
      call.type().dtype == call.dtype() ? call.input() : call.cast(call.input(), call.dtype());
  const std::int64_t axis = Call::axis(call.params<catalog::CumsumParams>().dim, call.rank());
  return std::vector{call.add("CumSum", {x, call.out().integer(axis)})};
}

std::string dot(const Call& call, std::int64_t axis, const std::string& a, const std::string& b) {
  return reduce(call, "ReduceSum", call.add("Mul", {a, b}), {axis}, false);
}

Lowered vecdot(const Call& call) {
  // Counted from the back, as inputs may have different numbers of axes.
  const std::int64_t dim = call.params<catalog::VecdotParams>().dim;
  const std::int64_t axis = dim < 0 ? dim : dim - count_of(call.rank());
  return std::vector{dot(call, axis, call.input(), call.input(1))};
}

Lowered cosine_similarity(const Call& call) {
  const auto& p = call.params<catalog::CosineSimilarityParams>();
  const std::int64_t axis = p.dim < 0 ? p.dim : p.dim - count_of(call.rank());
  const auto unit = [&](const std::string& x) {
    const std::string norm = reduce(call, "ReduceL2", x, {axis}, true);
    return call.add("Div", {x, call.add("Max", {norm, call.number(p.eps)})});
  };
  return std::vector{dot(call, axis, unit(call.input()), unit(call.input(1)))};
}

constexpr Row kRows[] = {
    {"cosine_similarity", cosine_similarity},
    {"cumsum", cumsum},
    {"logsumexp", over_axes<kLogSumExp>},
    {"max", over_axes<kMax>},
    {"mean", over_axes<kMean>},
    {"min", over_axes<kMin>},
    {"norm", norm},
    {"normalize", normalize},
    {"prod", over_axes<kProd>},
    {"std", std_deviation},
    {"sum", over_axes<kSum>},
    {"var", var},
    {"vecdot", vecdot},
};

}  // namespace

std::span<const Row> reduction_rows() { return kRows; }

}  // namespace fdl::onnx
