#include "lib/train/split.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/ones.h>
#include <doctest/doctest.h>

#include "tests/unit/manifest_text.h"

namespace fdl::train {
namespace {

// A job whose sequences have 5 positions of x: f32[3] and target: f32[2].
job::Checked sequence_job() {
  Diagnostics problems;
  const config::Manifest manifest = testing::manifest_of(R"(model:
  inputs: { x: "f32[3]" }
  state: { h: { shape: [3] } }
  flow: [{ add: h, tag: h }, { linear: 2 }]
data: { train: { synthetic: { kind: sequences, steps: 5, target: "f32[2]", samples: 4 } } }
training: { epochs: 1, loss: [{ mse: {}, weight: 3 }, l1], optimizer: adam }
)",
                                                         problems);
  job::Checked checked = job::check(manifest, {}, false, problems);
  REQUIRE(problems.empty());
  return checked;
}

at::Tensor numbers(std::int64_t num_samples, double scale) {
  return at::ones({num_samples, 2}).cumsum(0).mul(scale).add(0.25);
}

}  // namespace

TEST_CASE("a call sees one position of a batch's fields") {
  const job::Checked checked = sequence_job();
  const auto split = Split::load(checked.job->splits.front(), *checked.job, *checked.graph, true);
  REQUIRE(split.has_value());
  CHECK(split->num_positions() == 5);
  data::LoaderSpec spec;
  spec.batch_size = 3;
  data::Loader loader = split->loader(spec);
  const auto next = loader.next();
  REQUIRE(next.has_value());
  const data::Batch* batch = *next;
  REQUIRE(batch != nullptr);
  CHECK(batch->fields[0].sizes() == at::IntArrayRef({3, 5, 3}));
  const std::vector<at::Tensor> fields = split->fields_at(*batch, 4).value();
  CHECK(fields[0].equal(batch->fields[0].select(1, 4)));
  CHECK(fields[1].equal(batch->fields[1].select(1, 4)));
}

TEST_CASE("the loss of an update is that of all its targets at once, whatever each call has") {
  const job::Checked checked = sequence_job();
  const auto split = Split::load(checked.job->splits.front(), *checked.job, *checked.graph, true);
  REQUIRE(split.has_value());
  Totals totals = split->empty_totals();
  std::vector<Measured> calls;
  std::vector<at::Tensor> outputs, targets;
  for (const std::int64_t num_samples : {3, 3, 1}) {
    outputs.push_back(numbers(num_samples, 0.5).requires_grad_(true));
    targets.push_back(numbers(num_samples, -static_cast<double>(num_samples)));
    data::Batch batch;
    batch.num_samples = num_samples;
    const auto measured =
        split->measure({outputs.back(), outputs.back()},
                       {at::ones({num_samples, 3}), targets.back()}, batch, totals);
    REQUIRE(measured.has_value());
    calls.push_back(*measured);
  }
  const at::Tensor all = at::cat(outputs, 0), wanted = at::cat(targets, 0);
  const double mse = at::mse_loss(all, wanted).item<double>(),
               l1 = at::l1_loss(all, wanted).item<double>();
  const at::Tensor loss = split->loss_of(calls);
  CHECK(loss.requires_grad());
  CHECK(loss.item<double>() == doctest::Approx(3 * mse + l1).epsilon(1e-6));
  CHECK(totals.losses[0].mean() == doctest::Approx(mse).epsilon(1e-6));
  CHECK(totals.losses[0].weight == 14);
}

}  // namespace fdl::train
