// Functions of single elements, and operations on two tensors that broadcast.
#include <cmath>

#include "lib/catalog/modules/cast.h"
#include "lib/catalog/modules/clamp.h"
#include "lib/catalog/modules/masked_fill.h"
#include "lib/catalog/modules/pow.h"
#include "lib/catalog/modules/scale.h"
#include "lib/catalog/modules/threshold.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

// What evaluation leaves as it is.
Lowered same(const Call& call) { return std::vector{call.input()}; }

Lowered clip(const Call& call, std::optional<double> low, std::optional<double> high) {
  std::vector<std::string> inputs = {call.input(), low ? call.number(*low) : ""};
  if (high) inputs.push_back(call.number(*high));
  return std::vector{call.add("Clip", inputs)};
}

Lowered clamp(const Call& call) {
  const auto& p = call.params<catalog::ClampParams>();
  return clip(call, p.min, p.max);
}

Lowered scale(const Call& call) {
  const auto& p = call.params<catalog::ScaleParams>();
  std::string out = call.input();
  if (p.factor != 1) out = call.add("Mul", {out, call.number(p.factor)});
  if (p.shift != 0) out = call.add("Add", {out, call.number(p.shift)});
  return std::vector{out};
}

Lowered threshold(const Call& call) {
  const auto& p = call.params<catalog::ThresholdParams>();
  const std::string above = call.add("Greater", {call.input(), call.number(p.threshold)});
  return std::vector{call.add("Where", {above, call.input(), call.number(p.value)})};
}

Lowered power(const Call& call) {
  return std::vector{
      call.add("Pow", {call.input(), call.number(call.params<catalog::PowParams>().exponent)})};
}

Lowered square(const Call& call) {
  return std::vector{call.add("Mul", {call.input(), call.input()})};
}

Lowered rsqrt(const Call& call) {
  return std::vector{call.add("Reciprocal", {call.add("Sqrt", {call.input()})})};
}

Lowered log1p(const Call& call) {
  return std::vector{call.add("Log", {call.add("Add", {call.input(), call.number(1)})})};
}

Lowered to_dtype(const Call& call) { return std::vector{call.cast(call.input(), call.dtype())}; }

Lowered masked_fill(const Call& call) {
  const double value = call.params<catalog::MaskedFillParams>().value;
  std::string fill = call.out().number(value, catalog::DType::F32);
  if (call.dtype() != catalog::DType::F32) fill = call.cast(fill, call.dtype());
  return std::vector{call.add("Where", {call.input(1), fill, call.input()})};
}

Lowered where(const Call& call) {
  return std::vector{call.add("Where", {call.input(1), call.input(), call.input(2)})};
}

// Of one input, under ONNX's own name.
#define FDL_SAME(module, op)                                                                       \
  Row {                                                                                            \
#module, [](const Call& call) -> Lowered { return std::vector{call.add(op, {call.input()})}; } \
  }
#define FDL_PAIR(module, op)                                                                      \
  Row {                                                                                           \
#module, [](const Call& call)                                                                 \
                  -> Lowered { return std::vector{call.add(op, {call.input(), call.input(1)})}; } \
  }

constexpr Row kRows[] = {
    FDL_SAME(abs, "Abs"),
    FDL_SAME(ceil, "Ceil"),
    FDL_SAME(cos, "Cos"),
    FDL_SAME(erf, "Erf"),
    FDL_SAME(exp, "Exp"),
    FDL_SAME(floor, "Floor"),
    FDL_SAME(log, "Log"),
    FDL_SAME(neg, "Neg"),
    FDL_SAME(reciprocal, "Reciprocal"),
    FDL_SAME(round, "Round"),
    FDL_SAME(sin, "Sin"),
    FDL_SAME(sqrt, "Sqrt"),
    FDL_PAIR(sub, "Sub"),
    FDL_PAIR(div, "Div"),
    {"square", square},
    {"rsqrt", rsqrt},
    {"log1p", log1p},
    {"pow", power},
    {"scale", scale},
    {"clamp", clamp},
    {"threshold", threshold},
    {"cast", to_dtype},
    {"masked_fill", masked_fill},
    {"where", where},
    {"identity", same},
    {"dropout", same},
    {"dropout1d", same},
    {"dropout2d", same},
    {"dropout3d", same},
    {"alpha_dropout", same},
    {"feature_alpha_dropout", same},
    {"drop_path", same},
    {"reparameterize", same},
};

}  // namespace

std::span<const Row> elementwise_rows() { return kRows; }

}  // namespace fdl::onnx
