#include "lib/data/mixing.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <doctest/doctest.h>

#include "lib/data/loader.h"
#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

testing::CheckedJob picture_job(const std::string& batch) {
  return testing::check_job(
      "model: { inputs: { image: \"f32[1, 6, 8]\" }, flow: [flatten, { linear: 3 }] }\n"
      "data: { train: { synthetic: { kind: classification, samples: 40, classes: 3 } }, "
      "transforms: "
      "{ batch: " +
      batch +
      " } }\ntraining: { epochs: 1, loss: cross_entropy, metrics: [accuracy], optimizer: adam }\n");
}

// A batch in which sample i is all i, with label i % 3.
std::vector<at::Tensor> counting_batch() {
  const at::Tensor numbers = at::arange(6, at::kFloat).view({6, 1, 1, 1});
  return {numbers.expand({6, 1, 6, 8}).clone(), at::arange(6, at::kLong).remainder(3)};
}

}  // namespace

TEST_CASE("mixup makes means of pictures and of labels, with one weight") {
  const auto checked = picture_job("{ mixup: 1 }");
  const Dataset dataset = testing::open_split(checked, "train");
  const BatchMixer mixer(checked.job.mixing, dataset);
  CHECK(mixer.shares_of(1) == 2);
  CHECK(!mixer.shares_of(0));
  int num_mixed = 0;
  for (std::int64_t batch = 0; batch < 30; ++batch) {
    std::vector<at::Tensor> fields = counting_batch();
    REQUIRE(mixer.apply(fields, {1, 0, batch}).has_value());
    REQUIRE(fields.size() == 3);
    const at::Tensor shares = fields[2];
    CHECK(shares.sizes() == at::IntArrayRef({6, 3}));
    CHECK(shares.sum(1).allclose(at::ones({6})));
    // A picture is of one value still, and the hard label is the class of the larger share.
    const at::Tensor value = fields[0].select(1, 0).select(1, 0).select(1, 0);
    CHECK(fields[0].equal(value.view({6, 1, 1, 1}).expand({6, 1, 6, 8})));
    const at::Tensor hard = shares.gather(1, fields[1].unsqueeze(1));
    CHECK(hard.ge(0.5 - 1e-6).all().item<bool>());
    // Means keep the sum over the batch.
    CHECK(value.sum().item<float>() == doctest::Approx(15).epsilon(1e-5));
    CHECK(shares.sum(0).allclose(at::full({3}, 2.0F)));
    num_mixed += value.equal(at::arange(6, at::kFloat)) ? 0 : 1;
  }
  CHECK(num_mixed >= 28);
}

TEST_CASE("cutmix pastes a rectangle; shares of labels are its area") {
  const auto checked = picture_job("cutmix");
  const Dataset dataset = testing::open_split(checked, "train");
  const BatchMixer mixer(checked.job.mixing, dataset);
  for (std::int64_t batch = 0; batch < 50; ++batch) {
    std::vector<at::Tensor> fields = counting_batch();
    REQUIRE(mixer.apply(fields, {1, 2, batch}).has_value());
    for (std::int64_t i = 0; i < 6; ++i) {
      const at::Tensor own = fields[0].select(0, i).eq(i);
      const double share = own.to(at::kDouble).mean().item<double>();
      const bool same_class = fields[2].select(0, i).max().item<float>() > 0.999;
      if (!same_class) CHECK(fields[2][i][i % 3].item<double>() == doctest::Approx(share));
      // What is not its own is of one other sample, in whole rows and columns.
      const at::Tensor others = fields[0].select(0, i).masked_select(own.logical_not());
      if (others.numel() > 0) CHECK(others.equal(others.select(0, 0).expand(others.sizes())));
      const at::Tensor plane = own.logical_not().select(0, 0);
      const std::int64_t rows = plane.any(1).sum().item<std::int64_t>(),
                         columns = plane.any(0).sum().item<std::int64_t>();
      CHECK(rows * columns == others.numel());
    }
  }
}

TEST_CASE("a batch that is not mixed stays, with its labels as shares") {
  const auto checked = picture_job("{ mixup: { p: 0 } }");
  const Dataset dataset = testing::open_split(checked, "train");
  std::vector<at::Tensor> fields = counting_batch();
  REQUIRE(BatchMixer(checked.job.mixing, dataset).apply(fields, {1, 0, 0}).has_value());
  CHECK(fields[0].equal(counting_batch()[0]));
  CHECK(fields[1].equal(counting_batch()[1]));
  CHECK(fields[2].argmax(1).equal(fields[1]));
}

TEST_CASE("small numbers for alpha neither fail nor leave the range") {
  const auto checked = picture_job("{ mixup: 1e-4 }");
  const Dataset dataset = testing::open_split(checked, "train");
  const BatchMixer mixer(checked.job.mixing, dataset);
  for (std::int64_t batch = 0; batch < 50; ++batch) {
    std::vector<at::Tensor> fields = counting_batch();
    REQUIRE(mixer.apply(fields, {3, 0, batch}).has_value());
    CHECK(fields[2].ge(0).all().item<bool>());
    CHECK(fields[2].le(1).all().item<bool>());
  }
}

TEST_CASE("a label that is no class is told") {
  const auto checked = picture_job("mixup");
  const Dataset dataset = testing::open_split(checked, "train");
  std::vector<at::Tensor> fields = counting_batch();
  fields[1] = fields[1].sub(1);
  const auto out = BatchMixer(checked.job.mixing, dataset).apply(fields, {1, 0, 0});
  REQUIRE(!out.has_value());
  CHECK(to_string(out.error().code) == "FDL5420");
}

TEST_CASE("mixed batches are the same for any number of workers, and from any place") {
  const auto checked = picture_job("[mixup, cutmix]");
  const Dataset dataset = testing::open_split(checked, "train");
  const auto mixer = std::make_shared<const BatchMixer>(checked.job.mixing, dataset);
  LoaderSpec spec;
  spec.batch_size = 6;
  spec.shuffle = true;
  spec.num_epochs = 2;
  const auto drain = [&](std::int64_t workers, Position start) {
    spec.workers = workers;
    Loader loader(dataset, field_transforms(checked.job, dataset, true), spec, start, mixer);
    std::vector<std::vector<at::Tensor>> out;
    while (const Batch* batch = loader.next().value()) {
      out.push_back(batch->fields);
      for (at::Tensor& field : out.back()) field = field.clone();
    }
    return out;
  };
  const auto plain = drain(0, {});
  REQUIRE(plain.size() == 14);
  const auto check_tail = [&](const std::vector<std::vector<at::Tensor>>& other) {
    for (std::size_t i = 0; i < other.size(); ++i) {
      const auto& wanted = plain[plain.size() - other.size() + i];
      REQUIRE(other[i].size() == 3);
      for (std::size_t k = 0; k < 3; ++k) CHECK(other[i][k].equal(wanted[k]));
    }
  };
  check_tail(drain(1, {}));
  check_tail(drain(4, {}));
  check_tail(drain(2, {1, 2}));
}

}  // namespace fdl::data
