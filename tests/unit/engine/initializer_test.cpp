#include <cmath>
#include <set>

#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <doctest/doctest.h>

#include "lib/tensor/initialise.h"
#include "lib/tensor/store.h"
#include "tests/unit/engine/support.h"

namespace fdl::testing {
namespace {

using catalog::EntryKind;
using catalog::Init;
using Sizes = std::vector<std::int64_t>;

catalog::InitResult init_of(const std::string& text, const Sizes& shape) {
  const catalog::Choice choice = choose(EntryKind::Initializer, text);
  return choice.spec->initial(choice.params.get(), shape);
}

at::Tensor drawn(const std::string& text, const Sizes& shape, std::uint64_t seed = 1) {
  const auto init = init_of(text, shape);
  REQUIRE(init.has_value());
  const at::Tensor out = at::empty(shape, at::kFloat);
  tensor::initialise(out, *init, tensor::StreamKey(seed, tensor::Purpose::Init));
  return out;
}

Sizes shape_in(const ParityFile& file) {
  Sizes out;
  for (const config::Node& item : yaml(file.metadata.at("shape")).items)
    out.push_back(std::stoll(item.text));
  return out;
}

double mean(const at::Tensor& t) { return t.mean().item<double>(); }
double deviation(const at::Tensor& t) { return t.to(at::kDouble).std().item<double>(); }

const at::Tensor& find(const tensor::TensorStore& store, const std::string& path) {
  for (const auto& t : store.tensors()) {
    if (t.name == path) return t.value;
  }
  FAIL("no tensor ", path);
  return store.tensors().front().value;
}

}  // namespace

TEST_CASE("each initializer asks of the generator what PyTorch's does, or gives its values") {
  // These draw in a way of their own: laws below hold them.
  std::set<std::string> seen = {"trunc_normal", "orthogonal", "sparse"};
  for (const ParityFile& file : parity_files("initializer")) {
    CAPTURE(file.name);
    const std::string& kind = file.metadata.at("initializer");
    const std::string text = kind + ": " + file.metadata.at("params");
    const Sizes shape = shape_in(file);
    seen.insert(kind);
    if (file.has("value")) {
      CHECK(is_same(drawn(text, shape), file["value"]));
      continue;
    }
    const auto init = init_of(text, shape);
    REQUIRE(init.has_value());
    const at::Tensor& asked = file["arguments"];
    CHECK(init->a == doctest::Approx(asked[0].item<double>()).epsilon(1e-12));
    CHECK(init->b == doctest::Approx(asked[1].item<double>()).epsilon(1e-12));
    const bool is_normal = kind.find("normal") != std::string::npos;
    CHECK(init->kind == (is_normal ? Init::Kind::Normal : Init::Kind::Uniform));
  }
  const auto names = catalog::entry_names(EntryKind::Initializer);
  CHECK(seen == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("orthogonal: the rows, or the columns, have right angles and the gain's length") {
  for (const Sizes& shape : std::vector<Sizes>{{6, 4}, {4, 6}, {5, 5}, {4, 3, 2, 2}, {1, 3}}) {
    CAPTURE(shape.size());
    const at::Tensor q = drawn("orthogonal: 2", shape).view({shape[0], -1}).to(at::kDouble);
    const bool is_wide = q.size(0) < q.size(1);
    const at::Tensor gram = is_wide ? q.mm(q.t()) : q.t().mm(q);
    CHECK(is_close(gram, at::eye(gram.size(0), at::kDouble).mul(4), 1e-6));
  }
  // Even over all orthogonal matrices: the diagonal has both signs equally often.
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed)
    sum += drawn("orthogonal", {2, 2}, seed)[0][0].sign().item<double>();
  CHECK(std::abs(sum / 400) < 0.15);
}

TEST_CASE("trunc_normal keeps its bounds, and its shape within them") {
  const at::Tensor near = drawn("trunc_normal: { std: 0.5, mean: 1, a: 0.5, b: 1.5 }", {200, 100});
  CHECK(near.min().item<double>() >= 0.5);
  CHECK(near.max().item<double>() <= 1.5);
  CHECK(mean(near) == doctest::Approx(1).epsilon(0.005));
  CHECK(deviation(near) == doctest::Approx(0.5 * 0.5396).epsilon(0.02));  // cut at one deviation
  const at::Tensor wide = drawn("trunc_normal", {200, 100});
  CHECK(deviation(wide) == doctest::Approx(0.8796).epsilon(0.02));  // at two
  const at::Tensor far = drawn("trunc_normal: { a: 3, b: 4 }", {100, 100});
  CHECK(far.min().item<double>() >= 3);
  CHECK(mean(far) == doctest::Approx(3.26).epsilon(0.01));
}

TEST_CASE("sparse has its share of zeros in each column, in rows of their own") {
  const at::Tensor t = drawn("sparse: { sparsity: 0.3, std: 2 }", {50, 200});
  const at::Tensor zeros = t.eq(0).to(at::kDouble);
  CHECK(zeros.sum(0).eq(15).all().item<bool>());
  const at::Tensor by_row = zeros.mean(1);  // 0.3, give or take
  CHECK(by_row.max().item<double>() < 0.5);
  CHECK(by_row.min().item<double>() > 0.1);
  CHECK(deviation(t.masked_select(t.ne(0))) == doctest::Approx(2).epsilon(0.05));
  CHECK(drawn("sparse: 1", {3, 4}).abs().sum().item<double>() == 0);
}

TEST_CASE("what an initializer draws has the mean and the spread that it says") {
  for (const char* text :
       {"uniform: { a: -1, b: 3 }", "normal: { mean: 2, std: 0.1 }", "xavier_uniform",
        "xavier_normal", "kaiming_uniform", "kaiming_normal"}) {
    CAPTURE(text);
    const Sizes shape = {300, 100};
    const Init init = *init_of(text, shape);
    const bool is_uniform = init.kind == Init::Kind::Uniform;
    const at::Tensor t = drawn(text, shape);
    const double spread = is_uniform ? (init.b - init.a) / std::sqrt(12.0) : init.b;
    const double middle = is_uniform ? (init.a + init.b) / 2 : init.a;
    CHECK(deviation(t) == doctest::Approx(spread).epsilon(0.02));
    CHECK(std::abs(mean(t) - middle) < 0.03 * spread);
  }
}

TEST_CASE("an initializer refuses a shape that it has no meaning for") {
  CHECK(init_of("xavier_normal", {7}).error() == "it needs at least 2 axes, and the tensor has 1");
  CHECK(init_of("orthogonal", {7}).has_value() == false);
  CHECK(init_of("eye", {2, 2, 2}).error() == "it needs 2 axes, and the tensor has 3");
  CHECK(init_of("dirac", {2, 2}).error() == "it needs 3 to 5 axes, and the tensor has 2");
  CHECK(init_of("dirac: { groups: 2 }", {3, 2, 1}).error() ==
        "'groups' must divide the first axis");
  CHECK(!init_of("uniform: { a: 1, b: 1 }", {3}).has_value());
}

TEST_CASE("`init:` changes the tensors that it names, and no others") {
  const std::string head = "inputs: { x: \"f32[3, 8, 8]\" }\nflow:\n";
  const std::string tail = "  - flatten\n  - linear: 10\n";
  const tensor::TensorStore plain(build(head + "  - conv2d: { out: 64, kernel: 3 }\n" + tail), 7);
  const tensor::TensorStore chosen(
      build(head +
            "  - { conv2d: { out: 64, kernel: 3 }, init: { weight: { kaiming_normal: { mode: "
            "fan_out, nonlinearity: relu } }, bias: { constant: 0.5 } } }\n" +
            tail),
      7);
  const at::Tensor& weight = find(chosen, "conv2d_0.weight");
  CHECK(deviation(weight) == doctest::Approx(std::sqrt(2.0 / (64 * 9))).epsilon(0.05));
  CHECK(weight.requires_grad());
  CHECK(find(chosen, "conv2d_0.bias").eq(0.5).all().item<bool>());
  CHECK(is_same(find(plain, "linear_0.weight"), find(chosen, "linear_0.weight")));
}

}  // namespace fdl::testing
