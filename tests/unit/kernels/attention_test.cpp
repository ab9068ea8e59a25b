#include "lib/kernels/attention.h"

#include <cmath>
#include <limits>
#include <vector>

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "lib/kernels/rows.h"

// A head's attention, for each kind of CPU, beside the formula in f64.
namespace fdl::testing {
namespace {

using kernels::AttentionHead;
using kernels::ConstRows;
using kernels::Rows;

struct Sizes {
  std::int64_t T, S, W, V;
};
constexpr Sizes kSizes[] = {{1, 1, 1, 1},       {3, 5, 4, 7},       {17, 33, 8, 8},
                            {64, 64, 16, 16},   {128, 128, 64, 64}, {65, 130, 12, 20},
                            {130, 300, 48, 33}, {70, 513, 100, 65}};

// What a head is given, with rows that lie further apart than they are wide.
struct Given {
  at::Tensor query, key, value, bias, mask, gradient;
  bool is_causal;
  double scale;
};

at::Tensor rows_of(std::int64_t count, std::int64_t width) {
  return at::randn({count, width + 3}).narrow(1, 1, width);
}

ConstRows in(const at::Tensor& t) { return {t.const_data_ptr<float>(), t.stride(0)}; }
Rows out(const at::Tensor& t) { return {t.mutable_data_ptr<float>(), t.stride(0)}; }

struct Made {
  at::Tensor out, query, key, value;
};

Made exact(const Given& given) {
  const auto leaf = [](const at::Tensor& t) {
    return t.to(at::kDouble).detach().clone().set_requires_grad(true);
  };
  const at::Tensor q = leaf(given.query), k = leaf(given.key), v = leaf(given.value);
  at::Tensor scores = q.mul(given.scale).mm(k.t());
  if (given.bias.defined()) scores = scores + given.bias.to(at::kDouble);
  if (given.is_causal)
    scores = scores.masked_fill(at::ones_like(scores).triu(1) > 0,
                                -std::numeric_limits<double>::infinity());
  at::Tensor weights = at::_safe_softmax(scores, 1);
  if (given.mask.defined()) weights = weights * given.mask.to(at::kDouble);
  const at::Tensor made = weights.mm(v);
  made.backward(given.gradient.to(at::kDouble));
  return {made.detach(), q.grad(), k.grad(), v.grad()};
}

AttentionHead head_of(const Given& given, const kernels::MaskDraw& draw, std::int64_t first) {
  AttentionHead head;
  head.T = given.query.size(0);
  head.S = given.key.size(0);
  head.W = given.query.size(1);
  head.V = given.value.size(1);
  head.is_causal = given.is_causal;
  head.scale = static_cast<float>(given.scale);
  head.query = in(given.query);
  head.key = in(given.key);
  head.value = in(given.value);
  if (given.bias.defined()) head.bias = in(given.bias);
  if (given.mask.defined()) {
    head.drop = draw;
    head.first = first;
  }
  return head;
}

Made made_by(const kernels::AttentionFunctions& f, const AttentionHead& head, const Given& given) {
  const at::Tensor scratch = at::full({f.scratch(head)}, NAN);
  std::vector<kernels::SoftmaxRow> rows(static_cast<std::size_t>(head.T));
  const Made made = {rows_of(head.T, head.V), rows_of(head.T, head.W), rows_of(head.S, head.W),
                     rows_of(head.S, head.V)};
  auto* const by = rows.data();
  const std::int64_t half = head.T / 2;  // in two parts, as two threads may
  f.attend(head, half, head.T, out(made.out), by, scratch.mutable_data_ptr<float>());
  f.attend(head, 0, half, out(made.out), by, scratch.mutable_data_ptr<float>());
  f.attend_gradient(head, in(given.gradient), in(made.out), by,
                    {out(made.query), out(made.key), out(made.value), false},
                    scratch.mutable_data_ptr<float>());
  return made;
}

void check_close(const at::Tensor& made, const at::Tensor& expected) {
  const double unit = std::max(0.1, expected.abs().max().item<double>());
  CHECK((made.to(at::kDouble) - expected).abs().max().item<double>() < 3e-6 * unit);
}

void check(const Given& given, const kernels::MaskDraw& draw = {}, std::int64_t first = 0) {
  const Made expected = exact(given);
  const AttentionHead head = head_of(given, draw, first);
  for (const kernels::CpuKind kind : kernels::cpu_kinds()) {
    CAPTURE(kernels::name_of(kind));
    const Made made = made_by(kernels::row_functions_of(kind).attention, head, given);
    check_close(made.out, expected.out);
    check_close(made.query, expected.query);
    check_close(made.key, expected.key);
    check_close(made.value, expected.value);
  }
}

Given given_of(const Sizes& sizes, bool is_causal) {
  return {rows_of(sizes.T, sizes.W),
          rows_of(sizes.S, sizes.W),
          rows_of(sizes.S, sizes.V),
          at::Tensor(),
          at::Tensor(),
          rows_of(sizes.T, sizes.V),
          is_causal,
          1 / std::sqrt(static_cast<double>(sizes.W))};
}

}  // namespace

TEST_CASE("a head's attention and its gradients are the formula's") {
  at::manual_seed(1);
  for (const Sizes& sizes : kSizes) {
    CAPTURE(sizes.T);
    CAPTURE(sizes.S);
    for (const bool is_causal : {false, true}) {
      Given given = given_of(sizes, is_causal);
      check(given);
      given.bias = rows_of(sizes.T, sizes.S);
      check(given);
      given.bias = given.bias.masked_fill(at::rand({sizes.T, sizes.S}) < 0.3,
                                          -std::numeric_limits<float>::infinity());
      given.bias.select(0, sizes.T / 2).fill_(-std::numeric_limits<float>::infinity());
      check(given);
    }
  }
}

TEST_CASE("weights are dropped by the numbers of their lane") {
  at::manual_seed(2);
  const kernels::MaskDraw draw = {0x123456789abcdefULL, 5, 1U << 30, 1 / 0.75F};
  for (const Sizes& sizes : kSizes) {
    const std::int64_t first = 3 * sizes.T * sizes.S;
    at::Tensor mask = at::empty({sizes.T, sizes.S});
    kernels::row_functions().dropout_mask(mask.mutable_data_ptr<float>(), first, mask.numel(),
                                          draw);
    for (const bool is_causal : {false, true}) {
      Given given = given_of(sizes, is_causal);
      given.mask = mask;
      check(given, draw, first);
    }
  }
}

TEST_CASE("large scores do not overflow, and what is not a number is told") {
  at::manual_seed(3);
  Given given = given_of({33, 40, 16, 16}, false);
  given.query = given.query * 1e3;
  for (const kernels::CpuKind kind : kernels::cpu_kinds()) {
    const auto& f = kernels::row_functions_of(kind).attention;
    const Made made = made_by(f, head_of(given, {}, 0), given);
    CHECK(made.out.isfinite().all().item<bool>());
    CHECK(made.key.isfinite().all().item<bool>());
    Given broken = given;
    broken.key = given.key.clone();
    broken.key[7][3] = NAN;
    CHECK(made_by(f, head_of(broken, {}, 0), broken).out.isnan().any().item<bool>());
  }
}

}  // namespace fdl::testing
