#include "lib/nn/loss.h"

#include <cmath>
#include <set>

#include <ATen/ops/argmax.h>
#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/nn/metric.h"
#include "tests/unit/engine/support.h"

namespace fdl::testing {
namespace {

using catalog::EntryKind;

nn::Loss bind_to(const std::string& text, const at::Tensor& output, const at::Tensor& target) {
  return nn::bind_loss(choose(EntryKind::Loss, text), type_of(output), type_of(target));
}

nn::Metric accuracy_of(const at::Tensor& output, const at::Tensor& target) {
  return nn::bind_metric(choose(EntryKind::Metric, "accuracy"), type_of(output), type_of(target));
}

void check_loss(const ParityFile& file) {
  const at::Tensor input = file["input"].clone().requires_grad_();
  const at::Tensor& target = file["target"];
  const std::string text = file.metadata.at("loss") + ": " + file.metadata.at("params");
  const catalog::Choice choice = choose(EntryKind::Loss, text);
  CHECK(!choice.spec->fits(choice.params.get(), type_of(input), type_of(target)));
  const nn::LossValue value = nn::bind_loss(choice, type_of(input), type_of(target))(input, target);
  CHECK(is_close(value.mean, file["output"], kParity));
  const auto found = torch::autograd::grad({value.mean}, {input}, {file["grad_output"]});
  CHECK(is_close(found.front(), file["grad_input"], kParity));
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

TEST_CASE("cross_entropy counts the targets that its mean is over") {
  const at::Tensor output = random_tensor({4, 5}, 1);
  const at::Tensor target = at::tensor({0, -100, 4, -100}, at::kLong);
  CHECK(bind_to("cross_entropy", output, target)(output, target).num_targets == 2);
  CHECK(bind_to("cross_entropy: { ignore_index: 0 }", output, at::tensor({0, 1, 4, 3}, at::kLong))(
            output, at::tensor({0, 1, 4, 3}, at::kLong))
            .num_targets == 3);
  // Neither contiguous nor i64.
  const at::Tensor wide = at::tensor({0, 9, 1, 9, 2, 9, 3, 9}, at::kInt).view({4, 2}).select(1, 0);
  CHECK(bind_to("cross_entropy", output, target)(output, wide).num_targets == 4);
}

TEST_CASE("the class axis is chosen by the types in the manifest, not by a batch's sizes") {
  // f32[B, T, 3] against i64[B, T]: classes are last, also in a batch where T is 3.
  const catalog::Dim b = catalog::Dim::named("B"), t = catalog::Dim::named("T");
  const catalog::TensorType output_type{catalog::DType::F32, {b, t, 3}},
      target_type{catalog::DType::I64, {b, t}};
  const at::Tensor output = random_tensor({2, 3, 3}, 5);
  const at::Tensor target = at::argmax(output, 2);
  const auto metric =
      nn::bind_metric(choose(EntryKind::Metric, "accuracy"), output_type, target_type);
  CHECK(metric(output, target).sum == 6);
  const auto loss =
      nn::bind_loss(choose(EntryKind::Loss, "cross_entropy"), output_type, target_type);
  const at::Tensor expected =
      loss(output.flatten(0, 1).unsqueeze(1), target.flatten().unsqueeze(1)).mean;
  CHECK(is_close(loss(output, target).mean, expected, kParity));
}

TEST_CASE("a class axis in the middle") {
  const at::Tensor output = random_tensor({2, 4, 5, 3}, 6), target = at::argmax(output, 2);
  const std::string dim = "{ class_dim: 2 }";
  const auto middle = bind_to("cross_entropy: " + dim, output, target)(output, target);
  const at::Tensor moved = output.movedim(2, 1);
  const auto second = bind_to("cross_entropy", moved, target)(moved, target);
  CHECK(is_close(middle.mean, second.mean, kParity));
  CHECK(middle.num_targets == 24);
}

TEST_CASE("accuracy counts, with the first of equal values as the answer") {
  const at::Tensor output = at::tensor({0.0, 2.0, 2.0, 1.0, 0.5, -1.0}, at::kFloat).view({2, 3});
  const at::Tensor right = at::tensor({1, 0}, at::kLong), half = at::tensor({2, 0}, at::kLong);
  CHECK(accuracy_of(output, right)(output, right).sum == 2);
  CHECK(accuracy_of(output, half)(output, half).sum == 1);
  CHECK(accuracy_of(output, half)(output, half).num_targets == 2);
  // The pass over raw memory and libtorch's operators agree, also on what is not a number.
  at::Tensor many = random_tensor({500, 7}, 3);
  many[3][5] = NAN;
  many[4][0] = NAN;
  const at::Tensor truth = at::argmax(many, 1);
  CHECK(accuracy_of(many, truth)(many, truth).sum == 500);
  const at::Tensor strided = many.t().contiguous().t();
  CHECK(accuracy_of(strided, truth)(strided, truth).sum == 500);
}

TEST_CASE("a running mean weights uneven batches exactly") {
  const at::Tensor output = random_tensor({7, 5}, 11);
  const at::Tensor target = at::tensor({0, 1, -100, 3, 4, 0, 1}, at::kLong);
  const auto loss = bind_to("cross_entropy", output, target);
  nn::RunningMean mean;
  mean.add(loss(output.slice(0, 0, 4), target.slice(0, 0, 4)));
  mean.add(loss(output.slice(0, 4, 7), target.slice(0, 4, 7)));
  CHECK(mean.num_targets == 6);
  CHECK(mean.mean() == doctest::Approx(loss(output, target).mean.item<double>()).epsilon(kParity));
  // A batch in which nothing counts has a mean that is not a number, and no weight.
  mean.add(loss(output.slice(0, 2, 3), target.slice(0, 2, 3)));
  CHECK(std::isfinite(mean.mean()));
  CHECK(std::isnan(nn::RunningMean().mean()));
}

}  // namespace fdl::testing
