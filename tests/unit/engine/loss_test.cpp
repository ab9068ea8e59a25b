#include "lib/nn/loss.h"

#include <cmath>
#include <set>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/nn/metric.h"
#include "tests/unit/engine/support.h"

namespace fdl::testing {
namespace {

using catalog::EntryKind;

nn::LossValue value_of(const std::string& text, const nn::Compared& compared) {
  const catalog::Choice choice = choose(EntryKind::Loss, text);
  const auto why_not = choice.spec->fits(choice.params.get(), types_of(compared));
  CAPTURE(why_not.value_or(""));
  CHECK(!why_not);
  return nn::bind_loss(choice, types_of(compared))(compared);
}

// Why a loss does not take tensors of these types; "" when it does.
std::string refusal(const std::string& text, const catalog::TensorTypes& types) {
  const catalog::Choice choice = choose(EntryKind::Loss, text);
  return choice.spec->fits(choice.params.get(), types).value_or("");
}

// Tensors as the entry names them; those that take part in gradients are leaves.
nn::Compared stored_tensors(const ParityFile& file, const catalog::EntrySpec& spec,
                            std::vector<std::string>& leaf_names, std::vector<at::Tensor>& leaves) {
  nn::Compared out;
  for (std::size_t i = 0; i < spec.compared.size(); ++i) {
    const std::string& owned = spec.compared[i].owned;
    const std::string name = spec.compared[i].name + (owned.empty() ? "" : "." + owned);
    const std::string key = i == 0 ? "input" : name;
    out.push_back(file.has(key) ? file[key].clone() : at::Tensor());
    const std::string gradient = i == 0 ? "grad_input" : "grad_input." + name;
    if (!file.has(gradient)) continue;
    leaf_names.push_back(gradient);
    leaves.push_back(out.back().requires_grad_());
  }
  return out;
}

void check_loss(const ParityFile& file) {
  const std::string text = file.metadata.at("loss") + ": " + file.metadata.at("params");
  std::vector<std::string> names;
  std::vector<at::Tensor> leaves;
  const nn::Compared compared =
      stored_tensors(file, *choose(EntryKind::Loss, text).spec, names, leaves);
  const nn::LossValue value = value_of(text, compared);
  CHECK(is_close(value.mean, file["output"], kParity));
  const auto found = torch::autograd::grad({value.mean}, leaves, {file["grad_output"]});
  for (std::size_t i = 0; i < names.size(); ++i) {
    CAPTURE(names[i]);
    CHECK(is_close(found[i], file[names[i]], kParity));
  }
}

}  // namespace

TEST_CASE("each loss computes what PyTorch computes") {
  std::set<std::string> seen;
  for (const ParityFile& file : parity_files("loss")) {
    CAPTURE(file.name);
    seen.insert(file.metadata.at("loss"));
    check_loss(file);
  }
  const auto names = catalog::entry_names(EntryKind::Loss);
  CHECK(seen == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("linear_cross_entropy is cross_entropy of a linear, also without gradients") {
  const at::Tensor x = random_tensor({4, 5, 6}, 1), weight = random_tensor({7, 6}, 2),
                   bias = random_tensor({7}, 3);
  const at::Tensor logits = at::linear(x, weight, bias), target = at::argmax(logits, -1);
  target[1].fill_(-100);
  const auto whole = value_of("cross_entropy: { label_smoothing: 0.1 }", {logits, target});
  const std::string text = "linear_cross_entropy: { label_smoothing: 0.1, chunk_size: 3 }";
  const auto chunked = value_of(text, {x, target, weight, bias});
  CHECK(is_close(chunked.mean, whole.mean, kParity));
  CHECK(chunked.weight == whole.weight);
  const at::NoGradGuard no_grad;
  CHECK(is_close(value_of(text, {x, target, weight, bias}).mean, whole.mean, kParity));
  CHECK(refusal("linear_cross_entropy", types_of({x, target, random_tensor({7, 5}, 4), bias})) ==
        "the weight of 'linear' takes 5 features, but the output has 6");
  CHECK(refusal("linear_cross_entropy", types_of({x, x, weight, bias})) ==
        "the target must be class numbers [4, 5], not f32[4, 5, 6]");
}

TEST_CASE("cross_entropy counts the targets that its mean is over") {
  const at::Tensor output = random_tensor({4, 5}, 1);
  const at::Tensor target = at::tensor({0, -100, 4, -100}, at::kLong);
  CHECK(value_of("cross_entropy", {output, target}).weight == 2);
  const at::Tensor other = at::tensor({0, 1, 4, 3}, at::kLong);
  CHECK(value_of("cross_entropy: { ignore_index: 0 }", {output, other}).weight == 3);
  // Neither contiguous nor i64.
  const at::Tensor wide = at::tensor({0, 9, 1, 9, 2, 9, 3, 9}, at::kInt).view({4, 2}).select(1, 0);
  CHECK(value_of("cross_entropy", {output, wide}).weight == 4);
}

TEST_CASE("a weight that is counted on a GPU is a number like any other") {
  const nn::TargetWeight known = 3, counted(at::full({}, 3, at::kLong));
  CHECK(known == counted);
  CHECK(!known.counted().defined());
  CHECK(counted.counted().item<std::int64_t>() == 3);
  const at::Tensor sum = at::full({}, 7.5);
  CHECK(known.mean_of(sum).item<double>() == 2.5);
  CHECK(counted.mean_of(sum).item<double>() == 2.5);
  nn::RunningMean by_loss, by_numbers;
  by_loss.add({at::full({}, 0.5), counted});
  by_numbers.add(0.5, 3);
  CHECK(by_loss.sum == by_numbers.sum);
  CHECK(by_loss.weight == by_numbers.weight);
}

TEST_CASE("the class axis is chosen by the types in the manifest, not by a batch's sizes") {
  // f32[B, T, 3] against i64[B, T]: classes are last, also in a batch where T is 3.
  const catalog::Dim b = catalog::Dim::named("B"), t = catalog::Dim::named("T");
  const catalog::TensorType output_type{catalog::DType::F32, {b, t, 3}},
      target_type{catalog::DType::I64, {b, t}};
  const at::Tensor output = random_tensor({2, 3, 3}, 5);
  const at::Tensor target = at::argmax(output, 2);
  const auto loss =
      nn::bind_loss(choose(EntryKind::Loss, "cross_entropy"), {output_type, target_type});
  const at::Tensor expected =
      loss({output.flatten(0, 1).unsqueeze(1), target.flatten().unsqueeze(1)}).mean;
  CHECK(is_close(loss({output, target}).mean, expected, kParity));
}

TEST_CASE("a class axis in the middle") {
  const at::Tensor output = random_tensor({2, 4, 5, 3}, 6), target = at::argmax(output, 2);
  const std::string dim = "{ class_dim: 2 }";
  const auto middle = value_of("cross_entropy: " + dim, {output, target});
  const auto second = value_of("cross_entropy", {output.movedim(2, 1), target});
  CHECK(is_close(middle.mean, second.mean, kParity));
  CHECK(middle.weight == 24);
}

TEST_CASE("a running mean weights uneven batches exactly") {
  const at::Tensor output = random_tensor({7, 5}, 11);
  const at::Tensor target = at::tensor({0, 1, -100, 3, 4, 0, 1}, at::kLong);
  const auto loss = [&](std::int64_t begin, std::int64_t end) {
    return value_of("cross_entropy", {output.slice(0, begin, end), target.slice(0, begin, end)});
  };
  nn::RunningMean mean;
  mean.add(loss(0, 4));
  mean.add(loss(4, 7));
  CHECK(mean.weight == 6);
  CHECK(mean.mean() == doctest::Approx(loss(0, 7).mean.item<double>()).epsilon(kParity));
  // A batch in which nothing counts has a mean that is not a number, and no weight.
  mean.add(loss(2, 3));
  CHECK(std::isfinite(mean.mean()));
  CHECK(std::isnan(nn::RunningMean().mean()));
}

TEST_CASE("each loss counts what its mean is over, and a sum as one") {
  for (const std::string& name : catalog::entry_names(EntryKind::Loss)) {
    CAPTURE(name);
    const std::vector<at::Tensor> sample = loss_sample(name);
    const nn::LossValue mean = value_of(name, sample);
    const nn::LossValue sum = value_of(name + ": { reduction: sum }", sample);
    CHECK(sum.weight == 1);
    // ctc divides by lengths too, and multi-label losses count a sample once.
    if (name == "ctc") continue;
    const double total = mean.mean.item<double>() * mean.weight;
    CHECK(sum.mean.item<double>() == doctest::Approx(total));
  }
}

TEST_CASE("a loss says why it does not fit") {
  const auto f32 = [](catalog::Shape shape) {
    return catalog::TensorType{catalog::DType::F32, std::move(shape)};
  };
  const auto i64 = [](catalog::Shape shape) {
    return catalog::TensorType{catalog::DType::I64, std::move(shape)};
  };
  const catalog::Dim b = catalog::Dim::named("B");
  CHECK(refusal("cross_entropy: { weight: [1, 2] }", {f32({b, 3}), i64({b})}) ==
        "'weight' has 2 numbers for 3 classes");
  CHECK(refusal("cross_entropy: { ignore_index: 1 }", {f32({b, 3}), f32({b, 3})}) ==
        "ignore_index needs class numbers, not the target's f32[B, 3]");
  CHECK(refusal("cross_entropy", {f32({b, 3, 4}), f32({b, 3, 4})}) ==
        "classes may be any axis of [B, 3, 4]; say which with class_dim");
  CHECK(refusal("bce_with_logits: { pos_weight: [1, 2] }", {f32({b, 3}), f32({b, 3})}) ==
        "'pos_weight' has 2 numbers for a last axis of 3");
  CHECK(refusal("gaussian_nll", {f32({b, 3}), f32({b, 3}), f32({b, 2})}) ==
        "var must be like the output, f32[B, 3], not f32[B, 2]");
  CHECK(refusal("ctc: { blank: 4 }", {f32({b, 6, 4}), i64({b, 2}), catalog::TensorType::absent(),
                                      catalog::TensorType::absent()}) ==
        "'blank' is 4 where there are 4 classes");
  CHECK(refusal("triplet_margin", {f32({b, 3}), f32({b, 3}), f32({b, 4})}).find("negative") !=
        std::string::npos);
  for (const std::string& name : catalog::entry_names(EntryKind::Loss)) {
    CAPTURE(name);
    catalog::TensorTypes types = types_of(loss_sample(name));
    types[0].dtype = catalog::DType::I64;
    CHECK(!refusal(name, types).empty());
  }
}

TEST_CASE("gradients are finite where a distance or a probability is 0") {
  const at::Tensor zeros = at::zeros({3, 4}), one = at::ones({3});
  const auto slope = [&](const std::string& text, nn::Compared compared) {
    compared[0] = compared[0].clone().requires_grad_();
    return torch::autograd::grad({value_of(text, compared).mean}, {compared[0]}).front();
  };
  const auto is_finite = [](const at::Tensor& t) { return at::isfinite(t).all().item<bool>(); };
  CHECK(is_finite(slope("triplet_margin", {zeros, zeros, zeros})));
  CHECK(is_finite(slope("cosine_embedding", {zeros, one, zeros})));
  CHECK(is_finite(slope("info_nce", {zeros, zeros})));
  CHECK(is_finite(slope("gaussian_nll", {zeros, zeros, zeros})));
  CHECK(is_finite(slope("smooth_l1: { beta: 0 }", {zeros, zeros})));
  CHECK(is_finite(slope("bce", {zeros, zeros.add(1)})));
  // So sure that the probability rounds to 1, or to 0.
  const at::Tensor sure = at::tensor({200.0, -200.0, 0.0}, at::kFloat).expand({3, 3});
  for (const char* gamma : {"0", "0.5", "2"}) {
    CAPTURE(gamma);
    const std::string text = fmt::format("focal: {{ gamma: {} }}", gamma);
    CHECK(is_finite(slope(text, {sure, at::tensor({0, 1, 2}, at::kLong)})));
    CHECK(is_finite(slope(text, {sure, at::eye(3)})));
  }
}

TEST_CASE("dice is 0 of a perfect answer, and a class that is nowhere fits") {
  const at::Tensor target = at::tensor({0, 1, 1, 0}, at::kLong).view({1, 4});
  const at::Tensor perfect =
      at::one_hot(target, 3).to(at::kFloat).mul(200).movedim(2, 1).contiguous();
  CHECK(value_of("dice", {perfect, target}).mean.item<double>() == doctest::Approx(0));
  CHECK(value_of("dice: { smooth: 1e-6 }", {perfect.neg(), target}).mean.item<double>() > 0.6);
}

}  // namespace fdl::testing
