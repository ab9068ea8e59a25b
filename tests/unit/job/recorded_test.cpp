#include <doctest/doctest.h>

#include "tests/unit/job/job_text.h"

namespace fdl::job {
namespace {

using testing::check_text;
using testing::codes;
using Codes = std::vector<std::string>;
using Names = std::vector<std::string>;

const std::string kStart =
    "model: {name: m, inputs: {x: \"f32[4]\"}, flow: [linear: 3]}\n"
    "data: {train: {synthetic: {kind: classification, classes: 3, samples: 100}, slice: \":80\"}, "
    "val: {synthetic: {kind: classification, classes: 3, samples: 100}, slice: \"80:\"}}\n";

testing::CheckedText checked(const std::string& keys) {
  return check_text(kStart +
                    "training: {steps: 1, loss: cross_entropy, optimizer: {sgd: {lr: 0.1}}, " +
                    keys + "}\n");
}
Codes codes_of(const std::string& keys) { return codes(checked(keys).problems); }

}  // namespace

TEST_CASE("metrics record one value, one for each class, or a table") {
  const auto out = checked(
      "metrics: [accuracy, {f1: {average: none}}, {recall: {average: none, class_names: [a, b, "
      "c]}, name: hits}, {top_k: 2}, confusion_matrix]");
  CAPTURE(to_text(out.problems, false));
  REQUIRE(out.problems.empty());
  const auto& metrics = out.checked.job->training.metrics;
  CHECK(metrics[0].recorded == Names{"accuracy"});
  CHECK(metrics[1].recorded == Names{"f1/0", "f1/1", "f1/2"});
  CHECK(metrics[2].recorded == Names{"hits/a", "hits/b", "hits/c"});
  CHECK(metrics[3].recorded == Names{"top_2"});
  CHECK(metrics[4].recorded.empty());
  CHECK(metrics[4].table_labels == Names{"0", "1", "2"});
  CHECK(out.checked.job->training.higher_is_better("val/f1/2"));
  CHECK(!out.checked.job->training.higher_is_better("val/f1"));
  CHECK(!out.checked.job->training.higher_is_better("val/loss"));
}

TEST_CASE("a metric must fit, and its values are told apart") {
  CHECK(codes_of("metrics: [mae]") == Codes{"FDL4005"});
  CHECK(codes_of("metrics: [{top_k: 3}]") == Codes{"FDL4005"});
  CHECK(codes_of("metrics: [{top_k: 1}, {top_k: 2}]").empty());
  CHECK(codes_of("metrics: [{f1: {average: most}}]") == Codes{"FDL2006"});
  CHECK(codes_of("metrics: [{accuracy: {mask: absent}}]") == Codes{"FDL4004"});
}

TEST_CASE("a mask is used by its key only") {
  const std::string start =
      "model: {name: m, inputs: {x: \"f32[4]\", mask: \"f32[3]\"}, flow: [linear: 3]}\n"
      "data: {train: {synthetic: {kind: regression, target: \"f32[3]\", samples: 100}}}\n"
      "training: {steps: 1, loss: mse, optimizer: {sgd: {lr: 0.1}}, metrics: ";
  for (const bool by_key : {false, true}) {
    const auto out = check_text(start + (by_key ? "[{mae: {mask: mask}}]}\n" : "[mae]}\n"));
    CAPTURE(to_text(out.problems, false));
    REQUIRE(out.checked.job->training.metrics.size() == 1);
    CHECK(out.checked.job->training.metrics[0].compared[2].is_field() == by_key);
  }
}

TEST_CASE("expressions are read against what is recorded") {
  const auto out = checked(
      "metrics: [accuracy], expressions: {gap: \"val/loss - train/loss\", error: \"1 - "
      "accuracy\"}, "
      "early_stop: {metric: gap, patience: 3, mode: max}");
  CAPTURE(to_text(out.problems, false));
  REQUIRE(out.problems.empty());
  const Training& training = out.checked.job->training;
  REQUIRE(training.expressions.size() == 2);
  CHECK(!training.expressions[0].is_of_each_part);
  CHECK(training.expressions[1].is_of_each_part);
  REQUIRE(training.early_stop.has_value());
  CHECK(training.early_stop->metric == "gap");
  CHECK(training.early_stop->higher_is_better);
  CHECK(codes_of("expressions: {a: lost}") == Codes{"FDL4040"});
  CHECK(codes_of("expressions: {a: \"val/loss - loss\"}") == Codes{"FDL4040"});
  CHECK(codes_of("metrics: [accuracy], expressions: {accuracy: loss}") == Codes{"FDL3005"});
  CHECK(codes_of("expressions: [loss]") == Codes{"FDL2002"});
  CHECK(codes_of("expressions: {a: [loss]}") == Codes{"FDL2002"});
}

TEST_CASE("early_stop needs a metric that is recorded") {
  const auto out = checked("metrics: [accuracy], early_stop: val/accuracy");
  REQUIRE(out.problems.empty());
  CHECK(out.checked.job->training.early_stop->higher_is_better);
  CHECK(out.checked.job->training.early_stop->patience == 5);
  CHECK(codes_of("early_stop: null").empty());
  CHECK(!checked("early_stop: null").checked.job->training.early_stop.has_value());
  CHECK(codes_of("early_stop: {patience: 3}") == Codes{"FDL2004"});
  CHECK(codes_of("early_stop: val/accuracy") == Codes{"FDL4009"});
  CHECK(codes_of("early_stop: {metric: val/loss, patience: 0}") == Codes{"FDL2005"});
  CHECK(codes_of("early_stop: {metric: val/loss, patient: 1}") == Codes{"FDL2001"});
}

}  // namespace fdl::job
