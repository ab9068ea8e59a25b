#include <algorithm>
#include <map>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>

#include "lib/data/sources/ordered_product.h"
#include "lib/tensor/random.h"
#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

using testing::CheckedJob;
using testing::open_split;
using testing::values_of;

CheckedJob job_with(const std::string& model, const std::string& source, const std::string& loss,
                    const std::string& more = "") {
  return testing::check_job("model: { " + model + " }\ndata: { train: { synthetic: { " + source +
                            " } }" + more + " }\ntraining: { epochs: 1, batch_size: 4, loss: " +
                            loss + ", optimizer: { sgd: { lr: 0.1 } } }\n");
}

const std::string kTokens =
    "inputs: { tokens: \"i64[T<=16]\" }, flow: [{ embedding: { num: 12, dim: 4 } }, { linear: 12 "
    "}]";
const std::string kImage = "inputs: { image: \"f32[2, 8, 6]\" }, flow: [flatten, { linear: 5 }]";

std::vector<std::int64_t> numbers(const at::Tensor& x) {
  const auto* from = x.const_data_ptr<std::int64_t>();
  return {from, from + x.numel()};
}

}  // namespace

TEST_CASE("tokens: the target is the next token, and mostly follows from the one before") {
  const CheckedJob job = job_with(kTokens, "kind: tokens, samples: 200", "cross_entropy");
  CHECK(job.job.axis_sizes == std::map<std::string, std::int64_t>{{"T", 16}});
  const Dataset data = open_split(job, "train");
  const at::Tensor tokens = values_of(data, "tokens"), target = values_of(data, "target");
  REQUIRE(tokens.sizes() == at::IntArrayRef({200, 16}));
  CHECK(at::equal(tokens.narrow(1, 1, 15), target.narrow(1, 0, 15)));
  std::map<std::pair<std::int64_t, std::int64_t>, int> pairs;
  std::map<std::int64_t, int> most;
  const auto from = numbers(tokens), to = numbers(target);
  for (std::size_t i = 0; i < from.size(); ++i) {
    REQUIRE(from[i] >= 0);
    REQUIRE(from[i] < 12);
    int &count = ++pairs[{from[i], to[i]}], &best = most[from[i]];
    best = std::max(best, count);
  }
  int num_usual = 0;
  for (const auto& [token, count] : most) num_usual += count;
  CHECK(num_usual > 0.85 * static_cast<double>(from.size()));
}

TEST_CASE("tokens: a class for each token follows from it; a class of the sample shows in it") {
  const std::string tagger =
      "inputs: { tokens: \"i64[T]\" }, flow: [{ embedding: { num: 12, dim: 4 } }, { linear: 3 }]";
  const Dataset tags =
      open_split(job_with(tagger, "kind: tokens, samples: 50, classes: 3, target: \"i64[T]\"",
                          "cross_entropy"),
                 "train");
  std::map<std::int64_t, std::int64_t> rule;
  const auto from = numbers(values_of(tags, "tokens")), to = numbers(values_of(tags, "target"));
  REQUIRE(from.size() == 50 * 32);
  for (std::size_t i = 0; i < from.size(); ++i)
    CHECK(rule.emplace(from[i], to[i]).first->second == to[i]);

  const std::string classifier =
      "inputs: { tokens: \"i64[T]\" }, flow: [{ embedding: { num: 12, dim: 4 } }, { mean: 1 }, { "
      "linear: 3 }]";
  const Dataset classes = open_split(
      job_with(classifier, "kind: tokens, samples: 50, classes: 3, length: 20, target: \"i64[]\"",
               "cross_entropy"),
      "train");
  const at::Tensor tokens = values_of(classes, "tokens"), labels = values_of(classes, "target");
  REQUIRE(tokens.sizes() == at::IntArrayRef({50, 20}));
  std::int64_t num_own = 0;
  for (std::int64_t i = 0; i < 50; ++i) {
    for (const std::int64_t token : numbers(tokens[i]))
      num_own += token % 3 == numbers(labels)[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  CHECK(num_own > 550);  // 2 of 3 are expected: a half, and a third of the rest
}

TEST_CASE("lengths: batches are as long as their longest sample, the rest is padding and masked") {
  const CheckedJob job = job_with(kTokens, "kind: tokens, samples: 33, lengths: [2, 9]",
                                  "cross_entropy", ", pad: { tokens: 7 }");
  CHECK(job.job.axis_sizes.empty());
  const Dataset data = open_split(job, "train");
  std::vector<std::string> names;
  for (const job::Field& field : data.fields) names.push_back(field.name);
  CHECK(names == std::vector<std::string>{"tokens", "target", "tokens_mask", "target_mask"});
  const at::Tensor tokens = values_of(data, "tokens");
  LoaderSpec spec;
  spec.batch_size = 5;
  spec.workers = 2;
  std::int64_t row = 0, num_short = 0;
  for (const Batch& batch : testing::all_batches(job, "train", spec)) {
    const std::int64_t longest = batch.fields[0].size(1);
    REQUIRE(batch.fields[2].sizes() == at::IntArrayRef({batch.num_samples, longest}));
    CHECK(at::equal(batch.fields[2], batch.fields[3]));
    std::int64_t seen = 0;
    for (std::int64_t k = 0; k < batch.num_samples; ++k, ++row) {
      const std::int64_t length = batch.fields[2][k].sum().item<std::int64_t>();
      CHECK(length >= 2);
      CHECK(batch.fields[2][k].narrow(0, 0, length).all().item<bool>());
      CHECK(at::equal(batch.fields[0][k].narrow(0, 0, length), tokens[row].narrow(0, 0, length)));
      CHECK(batch.fields[0][k].narrow(0, length, longest - length).eq(7).all().item<bool>());
      CHECK(batch.fields[1][k].narrow(0, length, longest - length).eq(-100).all().item<bool>());
      seen = std::max(seen, length);
      num_short += length < longest ? 1 : 0;
    }
    CHECK(seen == longest);
  }
  CHECK(row == 33);
  CHECK(num_short > 0);
}

TEST_CASE("a boolean input is a mask of the sample's length") {
  const CheckedJob job = job_with(
      "inputs: { tokens: \"i64[T]\", real: \"bool[T]\" }, flow: [{ embedding: { num: 12, dim: 4 } "
      "}, { linear: 12 }]",
      "kind: tokens, samples: 10, lengths: [1, 6]", "cross_entropy");
  LoaderSpec spec;
  spec.batch_size = 10;
  const auto batches = testing::all_batches(job, "train", spec);
  REQUIRE(batches.size() == 1);
  CHECK((batches[0].fields[1].scalar_type() == at::kBool));
  REQUIRE(batches[0].fields.size() == 5);                        // and two masks, not of the mask
  CHECK(at::equal(batches[0].fields[1], batches[0].fields[3]));  // tokens_mask
}

TEST_CASE("images look like their class") {
  const Dataset data = open_split(
      job_with(kImage, "kind: images, samples: 60, classes: 5", "cross_entropy"), "train");
  const at::Tensor image = values_of(data, "image");
  const auto labels = numbers(values_of(data, "target"));
  CHECK(image.sizes() == at::IntArrayRef({60, 2, 8, 6}));
  CHECK(image.abs().max().item<float>() < 1.5F);
  double same = 0, other = 0, num_same = 0, num_other = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const at::Tensor apart =
          image[static_cast<std::int64_t>(i)].sub(image[static_cast<std::int64_t>(k)]);
      (labels[i] == labels[k] ? same : other) += apart.square().mean().item<double>();
      (labels[i] == labels[k] ? num_same : num_other) += 1;
    }
  }
  CHECK(same / num_same < 0.5 * other / num_other);
}

TEST_CASE("segmentation: each pixel has the colour of its class") {
  const Dataset data = open_split(
      job_with("inputs: { image: \"f32[2, 8, 6]\" }, flow: [{ conv2d: { out: 3, kernel: 1 } }]",
               "kind: segmentation, samples: 20, classes: 3", "cross_entropy"),
      "train");
  const at::Tensor image = values_of(data, "image"), truth = values_of(data, "target");
  REQUIRE(truth.sizes() == at::IntArrayRef({20, 8, 6}));
  for (std::int64_t label = 0; label < 3; ++label) {
    const at::Tensor is_it = truth.eq(label);
    CHECK(is_it.sum().item<std::int64_t>() > 60);
    for (std::int64_t channel = 0; channel < 2; ++channel)
      CHECK(image.select(1, channel).masked_select(is_it).std().item<double>() < 0.2);
  }
}

TEST_CASE("a target that names an input is that input") {
  const Dataset data = open_split(job_with("inputs: { image: \"f32[2, 8, 6]\" }, flow: [tanh]",
                                           "kind: images, samples: 6, target: image", "mse"),
                                  "train");
  CHECK(at::equal(values_of(data, "image"), values_of(data, "target")));
}

TEST_CASE("data does not depend on the number of threads, to the last bit") {
  const std::vector<CheckedJob> jobs = {
      job_with("inputs: { x: \"f32[1024]\" }, flow: [{ linear: 1024 }]",
               "kind: regression, target: \"f32[1024]\", samples: 8", "mse"),
      job_with(kImage, "kind: images, samples: 7, classes: 5", "cross_entropy"),
      job_with("inputs: { image: \"f32[2, 8, 6]\" }, flow: [{ conv2d: { out: 3, kernel: 1 } }]",
               "kind: segmentation, samples: 7, classes: 3", "cross_entropy")};
  const int num_threads = at::get_num_threads();
  for (const CheckedJob& job : jobs) {
    std::vector<Dataset> found;
    for (const int threads : {1, 2, 3}) {
      at::set_num_threads(threads);
      found.push_back(open_split(job, "train"));
    }
    at::set_num_threads(num_threads);
    for (const job::Field& field : found[0].fields) {
      CAPTURE(field.name);
      const at::Tensor one = values_of(found[0], field.name);
      CHECK(at::equal(one, values_of(found[1], field.name)));
      CHECK(at::equal(one, values_of(found[2], field.name)));
    }
  }
}

TEST_CASE(
    "an ordered product rounds each product and each sum, whatever the CPU could do at once") {
  const tensor::StreamKey key(7, tensor::Purpose::Synthetic);
  const auto drawn = [&](std::int64_t rows, std::int64_t columns, std::uint64_t number) {
    at::Tensor out = at::empty({rows, columns}, at::kFloat);
    tensor::fill_normal({out.mutable_data_ptr<float>(), static_cast<std::size_t>(out.numel())},
                        key.with(number), 0, 1);
    return out;
  };
  for (const std::int64_t N : {0, 1, 5, 6, 7, 25}) {
    for (const std::int64_t K : {0, 1, 2, 33}) {
      for (const std::int64_t M : {0, 1, 15, 16, 17, 40}) {
        CAPTURE(N);
        CAPTURE(K);
        CAPTURE(M);
        const at::Tensor x = drawn(K, N, 1).t(), w = drawn(K, M, 2);  // x is not contiguous
        at::Tensor expected = at::zeros({N, M}, at::kFloat);
        for (std::int64_t n = 0; n < N; ++n) {
          for (std::int64_t m = 0; m < M; ++m) {
            auto& sum = expected.mutable_data_ptr<float>()[n * M + m];
            for (std::int64_t k = 0; k < K; ++k) {
              const volatile float product =  // rounded: volatile keeps it from being fused
                  x.const_data_ptr<float>()[n + k * N] * w.const_data_ptr<float>()[k * M + m];
              sum += product;
            }
          }
        }
        CHECK(at::equal(ordered_product(x, w), expected));
      }
    }
  }
}

TEST_CASE("a sample does not depend on how many there are") {
  const std::map<std::string, std::pair<std::string, std::string>> cases = {
      {"kind: tokens", {kTokens, "cross_entropy"}},
      {"kind: tokens, lengths: [3, 5]", {kTokens, "cross_entropy"}},
      {"kind: images, classes: 5", {kImage, "cross_entropy"}},
      {"kind: classification, classes: 5", {kImage, "cross_entropy"}},
      {"kind: regression, target: \"f32[5]\"", {kImage, "mse"}},
      {"kind: segmentation, classes: 5",
       {"inputs: { image: \"f32[2, 8, 6]\" }, flow: [{ conv2d: { out: 5, kernel: 1 } }]",
        "cross_entropy"}}};
  for (const auto& [source, rest] : cases) {
    CAPTURE(source);
    const CheckedJob few = job_with(rest.first, source + ", samples: 4", rest.second);
    const CheckedJob many = job_with(rest.first, source + ", samples: 9", rest.second);
    LoaderSpec spec;
    spec.batch_size = 4;
    const auto a = testing::all_batches(few, "train", spec),
               b = testing::all_batches(many, "train", spec);
    REQUIRE(a.size() == 1);
    for (std::size_t i = 0; i < a[0].fields.size(); ++i)
      CHECK(a[0].fields[i].to(at::kDouble).allclose(b[0].fields[i].to(at::kDouble), 1e-6, 1e-6));
  }
}

}  // namespace fdl::data
