// torch.nn's activations.
#include <cmath>
#include <numbers>

#include "lib/catalog/modules/celu.h"
#include "lib/catalog/modules/elu.h"
#include "lib/catalog/modules/geglu.h"
#include "lib/catalog/modules/gelu.h"
#include "lib/catalog/modules/glu.h"
#include "lib/catalog/modules/gumbel_softmax.h"
#include "lib/catalog/modules/hardshrink.h"
#include "lib/catalog/modules/hardtanh.h"
#include "lib/catalog/modules/leaky_relu.h"
#include "lib/catalog/modules/log_softmax.h"
#include "lib/catalog/modules/rrelu.h"
#include "lib/catalog/modules/softmax.h"
#include "lib/catalog/modules/softmin.h"
#include "lib/catalog/modules/softplus.h"
#include "lib/catalog/modules/softshrink.h"
#include "lib/catalog/modules/swiglu.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {

std::string gelu(const Call& call, const std::string& x, bool by_tanh) {
  std::string inner;
  if (by_tanh) {
    const std::string cube = call.add("Mul", {x, call.add("Mul", {x, x})});
    const std::string sum = call.add("Add", {x, call.add("Mul", {cube, call.number(0.044715)})});
    const double factor = std::sqrt(2 / std::numbers::pi);
    inner = call.add("Tanh", {call.add("Mul", {sum, call.number(factor)})});
  } else {
    inner = call.add("Erf", {call.add("Div", {x, call.number(std::numbers::sqrt2)})});
  }
  const std::string gate = call.add("Add", {inner, call.number(1)});
  return call.add("Mul", {call.add("Mul", {x, gate}), call.number(0.5)});
}

namespace {

Lowered with_alpha(const Call& call, const std::string& op, double alpha) {
  return std::vector{call.add(op, {call.input()}, {{"alpha", alpha}})};
}

Lowered celu(const Call& call) {
  return with_alpha(call, "Celu", call.params<catalog::CeluParams>().alpha);
}
Lowered elu(const Call& call) {
  return with_alpha(call, "Elu", call.params<catalog::EluParams>().alpha);
}
Lowered leaky_relu(const Call& call) {
  return with_alpha(call, "LeakyRelu", call.params<catalog::LeakyReluParams>().negative_slope);
}
Lowered rrelu(const Call& call) {
  const auto& p = call.params<catalog::RreluParams>();
  return with_alpha(call, "LeakyRelu", (p.lower + p.upper) / 2);
}

Lowered gelu_module(const Call& call) {
  const bool by_tanh = call.params<catalog::GeluParams>().approximate == "tanh";
  return std::vector{gelu(call, call.input(), by_tanh)};
}

Lowered hardsigmoid(const Call& call) {
  return std::vector{call.add("HardSigmoid", {call.input()}, {{"alpha", 1.0 / 6}, {"beta", 0.5}})};
}

Lowered hardtanh(const Call& call) {
  const auto& p = call.params<catalog::HardtanhParams>();
  return std::vector{
      call.add("Clip", {call.input(), call.number(p.min_val), call.number(p.max_val)})};
}

Lowered relu6(const Call& call) {
  return std::vector{call.add("Clip", {call.input(), call.number(0), call.number(6)})};
}

Lowered hardshrink(const Call& call) {
  const double lambd = call.params<catalog::HardshrinkParams>().lambd;
  return std::vector{call.add("Shrink", {call.input()}, {{"bias", 0.0}, {"lambd", lambd}})};
}

Lowered softshrink(const Call& call) {
  const double lambd = call.params<catalog::SoftshrinkParams>().lambd;
  return std::vector{call.add("Shrink", {call.input()}, {{"bias", lambd}, {"lambd", lambd}})};
}

Lowered silu(const Call& call) {
  return std::vector{call.add("Mul", {call.input(), call.add("Sigmoid", {call.input()})})};
}

Lowered mish(const Call& call) {
  const std::string bent = call.add("Tanh", {call.add("Softplus", {call.input()})});
  return std::vector{call.add("Mul", {call.input(), bent})};
}

Lowered softplus(const Call& call) {
  const auto& p = call.params<catalog::SoftplusParams>();
  const std::string scaled = call.add("Mul", {call.input(), call.number(p.beta)});
  const std::string bent = call.add("Div", {call.add("Softplus", {scaled}), call.number(p.beta)});
  const std::string linear = call.add("Greater", {scaled, call.number(p.threshold)});
  return std::vector{call.add("Where", {linear, call.input(), bent})};
}

Lowered log_sigmoid(const Call& call) {
  const std::string turned = call.add("Neg", {call.input()});
  return std::vector{call.add("Neg", {call.add("Softplus", {turned})})};
}

Lowered tanhshrink(const Call& call) {
  return std::vector{call.add("Sub", {call.input(), call.add("Tanh", {call.input()})})};
}

// One slope, or one for each channel.
Lowered prelu(const Call& call) {
  std::string slope = call.own("weight");
  std::vector<std::int64_t> shape(call.rank() - 1, 1);
  shape.front() = -1;
  if (call.rank() > 2) slope = call.add("Reshape", {slope, call.out().integers(shape)});
  return std::vector{call.add("PRelu", {call.input(), slope})};
}

Lowered along(const Call& call, const std::string& op, const std::string& x, std::int64_t dim) {
  return std::vector{call.add(op, {x}, {{"axis", Call::axis(dim, call.rank())}})};
}
Lowered softmax(const Call& call) {
  return along(call, "Softmax", call.input(), call.params<catalog::SoftmaxParams>().dim);
}
Lowered log_softmax(const Call& call) {
  return along(call, "LogSoftmax", call.input(), call.params<catalog::LogSoftmaxParams>().dim);
}
Lowered softmin(const Call& call) {
  return along(call, "Softmax", call.add("Neg", {call.input()}),
               call.params<catalog::SoftminParams>().dim);
}
Lowered softmax2d(const Call& call) { return along(call, "Softmax", call.input(), 1); }

Lowered gumbel_softmax(const Call& call) {
  const auto& p = call.params<catalog::GumbelSoftmaxParams>();
  if (p.hard) return tl::unexpected(std::string("`hard` picks a class, as `argmax` does"));
  return along(call, "Softmax", call.add("Div", {call.input(), call.number(p.tau)}), p.dim);
}

// Both halves of an axis.
std::vector<std::string> halves(const Call& call, std::int64_t dim) {
  return call.out().add("Split", {call.input()}, 2, {{"axis", Call::axis(dim, call.rank())}});
}
Lowered glu(const Call& call) {
  const auto parts = halves(call, call.params<catalog::GluParams>().dim);
  return std::vector{call.add("Mul", {parts[0], call.add("Sigmoid", {parts[1]})})};
}
Lowered swiglu(const Call& call) {
  const auto parts = halves(call, call.params<catalog::SwigluParams>().dim);
  const std::string gate = call.add("Mul", {parts[0], call.add("Sigmoid", {parts[0]})});
  return std::vector{call.add("Mul", {gate, parts[1]})};
}
Lowered geglu(const Call& call) {
  const auto& p = call.params<catalog::GegluParams>();
  const auto parts = halves(call, p.dim);
  return std::vector{call.add("Mul", {gelu(call, parts[0], p.approximate == "tanh"), parts[1]})};
}

Lowered gated(const Call& call, std::string (*bend)(const Call&, const std::string&)) {
  const auto part = [&](const std::string& x, const std::string& name) {
    return call.linear(x, call.rank(), call.own(name + ".weight"), call.own(name + ".bias"));
  };
  const std::string gate = bend(call, part(call.input(), "gate_proj"));
  const std::string inside = call.add("Mul", {gate, part(call.input(), "up_proj")});
  return std::vector{part(inside, "down_proj")};
}
Lowered swiglu_feed_forward(const Call& call) {
  return gated(call, [](const Call& c, const std::string& x) {
    return c.add("Mul", {x, c.add("Sigmoid", {x})});
  });
}
Lowered geglu_feed_forward(const Call& call) {
  return gated(call, [](const Call& c, const std::string& x) { return gelu(c, x, false); });
}

template <const char* kOp>
Lowered plain(const Call& call) {
  return std::vector{call.add(kOp, {call.input()})};
}
constexpr char kRelu[] = "Relu", kSigmoid[] = "Sigmoid", kSoftsign[] = "Softsign", kTanh[] = "Tanh",
               kSelu[] = "Selu", kHardSwish[] = "HardSwish";

constexpr Row kRows[] = {
    {"celu", celu},
    {"elu", elu},
    {"geglu", geglu},
    {"geglu_feed_forward", geglu_feed_forward},
    {"gelu", gelu_module},
    {"glu", glu},
    {"gumbel_softmax", gumbel_softmax},
    {"hardshrink", hardshrink},
    {"hardsigmoid", hardsigmoid},
    {"hardswish", plain<kHardSwish>},
    {"hardtanh", hardtanh},
    {"leaky_relu", leaky_relu},
    {"log_sigmoid", log_sigmoid},
    {"log_softmax", log_softmax},
    {"mish", mish},
    {"prelu", prelu},
    {"relu", plain<kRelu>},
    {"relu6", relu6},
    {"rrelu", rrelu},
    {"selu", plain<kSelu>},
    {"sigmoid", plain<kSigmoid>},
    {"silu", silu},
    {"softmax", softmax},
    {"softmax2d", softmax2d},
    {"softmin", softmin},
    {"softplus", softplus},
    {"softshrink", softshrink},
    {"softsign", plain<kSoftsign>},
    {"swiglu", swiglu},
    {"swiglu_feed_forward", swiglu_feed_forward},
    {"tanh", plain<kTanh>},
    {"tanhshrink", tanhshrink},
};

}  // namespace

std::span<const Row> activation_rows() { return kRows; }

}  // namespace fdl::onnx
