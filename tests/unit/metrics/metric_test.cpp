#include "lib/nn/metric.h"

#include <cmath>
#include <limits>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>

#include "lib/catalog/class_metric.h"
#include "tests/unit/metrics/support.h"

namespace fdl::testing {
namespace {

using Values = std::vector<double>;

at::Tensor f32(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  return at::tensor(values, at::kFloat).view(shape);
}
at::Tensor i64(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }

// Why a metric does not measure these; "" when it does. The state stays as it was.
std::string problem_of(const std::string& text, const nn::Compared& compared, std::int64_t sample) {
  const nn::Metric metric = metric_of(text, compared);
  nn::MetricState state = metric.empty;
  const auto problem = metric.add(state, compared);
  if (!problem) return "";
  CHECK(problem->sample == sample);
  CHECK(state == metric.empty);
  return problem->text;
}

// Three samples of three classes.
const std::vector<float> kScores = {2, 1, 0, 0, 2, 1, 1, 0, 2};

catalog::TensorType type(catalog::DType dtype, catalog::Shape shape) {
  return {dtype, std::move(shape)};
}
catalog::TensorTypes types(catalog::Shape output, catalog::DType dtype, catalog::Shape target) {
  return {type(catalog::DType::F32, std::move(output)), type(dtype, std::move(target)),
          catalog::TensorType::absent()};
}

}  // namespace

TEST_CASE("the form of a metric over classes follows from shapes") {
  using catalog::ClassTask;
  using catalog::DType;
  const catalog::Dim b = catalog::Dim::named("B"), t = catalog::Dim::named("T");
  const auto form = [](const catalog::TensorTypes& two, std::optional<std::int64_t> dim = {}) {
    return catalog::find_class_form(two[0], two[1], dim);
  };
  CHECK(form(types({b, 3}, DType::I64, {b})).task == ClassTask::Multiclass);
  CHECK(form(types({b, t, 3}, DType::I64, {b, t})).axis == 2);
  CHECK(form(types({b, 3, 8, 8}, DType::I64, {b, 8, 8})).axis == 1);
  CHECK(form(types({b}, DType::I64, {b})).task == ClassTask::Binary);
  CHECK(form(types({b, 1}, DType::F32, {b})).task == ClassTask::Binary);
  CHECK(form(types({b, 1}, DType::F32, {b, 1})).task == ClassTask::Binary);
  CHECK(form(types({b, 4}, DType::Bool, {b, 4})).task == ClassTask::Multilabel);
  CHECK(form(types({b, 8, 8}, DType::I64, {b, 8, 8})).task == ClassTask::Binary);
  CHECK(form(types({b, 4, 8}, DType::I64, {b, 4, 8}), 1).num_classes == 4);
  CHECK(form(types({b, 3}, DType::F32, {b})).why_not ==
        "the target must hold class numbers (integers), not f32[B]");
  CHECK(form(types({b, 3}, DType::I64, {b, 4})).why_not.find("without the class axis") !=
        std::string::npos);
}

TEST_CASE("a metric says why it does not fit") {
  using catalog::DType;
  const catalog::Dim b = catalog::Dim::named("B"), t = catalog::Dim::named("T");
  const auto classes = types({b, 3}, DType::I64, {b});
  CHECK(refusal("top_k: 3", classes) == "'k' is 3 where there are 3 classes");
  CHECK(refusal("top_k: 2", types({b}, DType::I64, {b})) ==
        "it needs an output with several classes, not f32[B]");
  CHECK(refusal("confusion_matrix", types({b, 4}, DType::I64, {b, 4})) ==
        "it takes one class a target, and i64[B, 4] holds several labels");
  CHECK(refusal("f1", types({b, t}, DType::I64, {b})) ==
        "the number of classes must be known, and is not in f32[B, T]");
  CHECK(refusal("accuracy", types({b, t}, DType::I64, {b})) == "");
  CHECK(refusal("confusion_matrix", types({b, 1001}, DType::I64, {b})) ==
        "a table of 1001 classes is too large; 1000 is the most");
  CHECK(refusal("f1: { class_names: [a, b] }", classes) ==
        "'class_names' has 2 names for 3 classes");
  CHECK(refusal("f1: { class_names: [a, b, a] }", classes) == "two classes are called 'a'");
  CHECK(refusal("f1: { class_names: [a, b, c/d] }", classes) ==
        "the class name 'c/d' is empty or has a '/'");
  CHECK(refusal("mae", classes).find("one shape") != std::string::npos);
  CHECK(refusal("r2", types({b, t}, DType::F32, {b, t})).find("columns") != std::string::npos);
  auto masked = types({b, 4}, DType::F32, {b, 4});
  masked[2] = type(DType::Bool, {b, 3});
  CHECK(refusal("mae", masked).find("mask must have") != std::string::npos);
  masked[2] = type(DType::Bool, {b});
  CHECK(refusal("mae", masked) == "");
}

TEST_CASE("every metric says no to an output of integers") {
  const catalog::Dim b = catalog::Dim::named("B");
  for (const std::string& name : catalog::entry_names(catalog::EntryKind::Metric)) {
    CAPTURE(name);
    const catalog::TensorType output = type(catalog::DType::I64, {b, 9});
    CHECK(!refusal(name, {output, type(catalog::DType::I64, {b}), catalog::TensorType::absent()})
               .empty());
  }
}

TEST_CASE("a target that is no class is told with its sample, and changes nothing") {
  const at::Tensor scores = f32(kScores, {3, 3});
  for (const char* name : {"accuracy", "f1", "top_k: 1", "auroc", "perplexity", "brier",
                           "calibration_error", "confusion_matrix", "cohen_kappa"}) {
    CAPTURE(name);
    CHECK(problem_of(name, {scores, i64({0, 3, 1})}, 1) ==
          "the target is 3, where there are 3 classes, from 0");
    CHECK(problem_of(name, {scores, i64({0, 1, -1})}, 2) ==
          "the target is -1, where there are 3 classes, from 0");
  }
  const at::Tensor decisions = f32({1, -1, 1, -1}, {2, 2});
  CHECK(problem_of("f1", {decisions, f32({0, 1, 0.5F, 1}, {2, 2})}, 1) ==
        "the target is 0.5, where 0 or 1 is expected");
  CHECK(problem_of("accuracy", {decisions, f32({0, 1, 2, 1}, {2, 2})}, 1) ==
        "the target is 2, where 0 or 1 is expected");
  CHECK(problem_of("accuracy: {ignore_index: -1}", {scores, i64({0, 1, -1})}, 0).empty());
}

TEST_CASE("an output that is not a number is told, unless its target does not count") {
  std::vector<float> raw = kScores;
  raw[7] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor scores = f32(raw, {3, 3});
  for (const char* name : {"accuracy", "recall", "auroc", "perplexity", "brier", "top_k: 1"}) {
    CAPTURE(name);
    CHECK(problem_of(name, {scores, i64({0, 1, 2})}, 2) == "the output is not a number");
    CHECK(problem_of(name, {scores, i64({0, 1, -100})}, 2).empty());
    CHECK(problem_of(name, {scores, i64({0, 1, 2}), at::tensor({1, 1, 0}, at::kByte)}, 2).empty());
  }
  const at::Tensor values = f32({1, NAN, 2, INFINITY}, {2, 2}), zeros = at::zeros({2, 2});
  for (const char* name : {"mae", "rmse", "r2", "pearson", "spearman"}) {
    CAPTURE(name);
    CHECK(problem_of(name, {values, zeros}, 0) == "the output is not a finite number");
    CHECK(problem_of(name, {zeros, values}, 0) == "the target is not a finite number");
  }
}

TEST_CASE("probabilities are told from scores") {
  const at::Tensor scores = f32({0.2F, 3, 0.5F}, {3});
  CHECK(problem_of("brier: {logits: false}", {scores, i64({0, 1, 1})}, 1).find("probability") !=
        std::string::npos);
  CHECK(problem_of("perplexity: {logits: false}", {f32(kScores, {3, 3}), i64({0, 1, 2})}, 0)
            .find("probability") != std::string::npos);
  // 0.4 is above 0 and below one half.
  const at::Tensor low = f32({0.4F, 0.4F}, {2});
  CHECK(values_of("accuracy: {logits: false}", {low, i64({0, 0})}) == Values{1});
  CHECK(values_of("accuracy", {low, i64({0, 0})}) == Values{0});
  CHECK(values_of("accuracy: {threshold: 0}", {low.neg(), i64({1, 1})}) == Values{1});
}

TEST_CASE("what was seen may define no value") {
  const at::Tensor scores = f32({1, 2, 3}, {3});
  CHECK(std::isnan(values_of("auroc", {scores, i64({1, 1, 1})})[0]));
  CHECK(std::isnan(values_of("average_precision", {scores, i64({0, 0, 0})})[0]));
  const at::Tensor three = f32(kScores, {3, 3}), two = i64({0, 1, 0});
  const Values each = values_of("auroc: {average: none}", {three, two});
  CHECK(std::isnan(each[2]));
  // A class of which there is no target has no part in the mean.
  CHECK(values_of("auroc", {three, two})[0] == (each[0] + each[1]) / 2);
  CHECK(std::isnan(values_of("cohen_kappa", {three.slice(0, 0, 1), i64({0})})[0]));
  CHECK(values_of("matthews_corrcoef", {three.slice(0, 0, 1), i64({0})}) == Values{0});
  CHECK(std::isnan(values_of("pearson", {scores, at::ones({3})})[0]));
  CHECK(values_of("r2", {at::ones({3}), at::ones({3})}) == Values{1});
  CHECK(values_of("r2", {scores, at::ones({3})}) == Values{0});
  for (const std::string& name : catalog::entry_names(catalog::EntryKind::Metric)) {
    const bool is_of_values = refusal(name, batch_types({scores, scores})).empty();
    const nn::Compared compared =
        is_of_values ? nn::Compared{scores, scores} : nn::Compared{f32(kScores, {1, 9}), i64({0})};
    const nn::Metric metric = metric_of(name, compared);
    CAPTURE(name);
    const Values nothing = flat_values(metric, metric.empty);
    for (const double value : nothing) CHECK((std::isnan(value) || value == 0));
  }
}

TEST_CASE("equal scores: the first is the answer, and neither stands before the other") {
  const at::Tensor equal = at::zeros({2, 3});
  CHECK(values_of("accuracy", {equal, i64({0, 1})}) == Values{0.5});
  CHECK(values_of("top_k: 2", {equal, i64({1, 2})}) == Values{0.5});
  CHECK(values_of("auroc", {at::zeros({4}), i64({0, 1, 0, 1})}) == Values{0.5});
}

TEST_CASE("the pass of accuracy over raw memory and the reader agree") {
  const at::Tensor scores = f32(kScores, {3, 3}), truth = i64({0, 1, 1});
  CHECK(values_of("accuracy", {scores, truth}) == Values{2.0 / 3});
  CHECK(values_of("accuracy", {scores.t().contiguous().t(), truth}) == Values{2.0 / 3});
  CHECK(values_of("accuracy", {scores.to(at::kDouble), truth.to(at::kInt)}) == Values{2.0 / 3});
  CHECK(values_of("accuracy: {ignore_index: 1}", {scores, truth}) == Values{1});
}

TEST_CASE("the class axis is chosen by the types in the manifest, not by a batch's sizes") {
  // f32[B, T, 3] against i64[B, T]: classes are last, also in a batch where T is 3.
  const catalog::Dim b = catalog::Dim::named("B"), t = catalog::Dim::named("T");
  const auto metric =
      nn::bind_metric(metric_choice("accuracy"), types({b, t, 3}, catalog::DType::I64, {b, t}));
  nn::MetricState state = metric.empty;
  const at::Tensor scores = f32(kScores, {1, 3, 3});
  add(metric, state, {scores, i64({0, 1, 2}).view({1, 3})});
  CHECK(metric.values(state) == Values{1});
}

TEST_CASE("sums keep what a double loses") {
  nn::ExactSum sum;
  for (const double value : {1e16, 1.0, -1e16, 1e-16}) sum.add(value);
  CHECK(sum.value() == 1.0 + 1e-16);
  CHECK(sum.low == 1e-16);
  nn::ExactSum product;
  product.add_product(1 + 0x1p-40, 1 + 0x1p-40);
  product.add(-1 - 0x1p-39);
  CHECK(product.value() == 0x1p-80);
  // Values far from 0: the textbook's formula in doubles gives nonsense here.
  const at::Tensor far = at::tensor({1.0, 2.0, 3.0, 4.0}, at::kDouble).add(1e9);
  const at::Tensor near = at::tensor({1.0, 2.0, 3.0, 3.0}, at::kDouble).add(1e9);
  CHECK(values_of("r2", {near, far})[0] == doctest::Approx(0.8).epsilon(1e-12));
}

TEST_CASE("tables and values have names") {
  const auto three = batch_types({f32(kScores, {3, 3}), i64({0, 1, 2})});
  const auto names = [&](const std::string& text) {
    const catalog::Choice choice = metric_choice(text);
    const auto& of = choice.spec->table_labels ? choice.spec->table_labels : choice.spec->parts;
    return of(choice.params.get(), three);
  };
  using Names = catalog::Names;
  CHECK(names("f1") == Names{""});
  CHECK(names("f1: {average: none}") == Names{"0", "1", "2"});
  CHECK(names("f1: {average: none, class_names: [a, b, c]}") == Names{"a", "b", "c"});
  CHECK(names("confusion_matrix: {class_names: [a, b, c]}") == Names{"a", "b", "c"});
  const catalog::Choice top = metric_choice("top_k: 2");
  CHECK(top.spec->recorded_name(top.params.get()) == "top_2");
}

}  // namespace fdl::testing
