#include "lib/data/dataset.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_solve.h>
#include <doctest/doctest.h>

#include "tests/temporary_folder.h"
#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

using testing::open_split;
using testing::values_of;

// An idx file of bytes.
std::string idx(const std::vector<std::uint8_t>& dims, const std::vector<std::uint8_t>& data) {
  std::string out = {0, 0, 8, static_cast<char>(dims.size())};
  for (const std::uint8_t dim : dims) out += {0, 0, 0, static_cast<char>(dim)};
  out.append(data.begin(), data.end());
  return out;
}

}  // namespace

TEST_CASE("slices of one synthetic source are parts of the same samples") {
  const auto checked = testing::synthetic_job(
      "{ train: { synthetic: { samples: 10, target: \"f32[4]\" }, slice: \":7\" }, "
      "val: { synthetic: { samples: 10, target: \"f32[4]\" }, slice: \"7:\" } }");
  const Dataset train = open_split(checked, "train"), val = open_split(checked, "val");
  CHECK(train.rows == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(val.rows == std::vector<std::int64_t>{7, 8, 9});
  const Dataset whole = open_split(
      testing::synthetic_job("{ train: { synthetic: { samples: 10, target: \"f32[4]\" } } }"),
      "train");
  for (const char* field : {"x", "target"}) {
    const at::Tensor all = values_of(whole, field);
    CHECK(at::equal(values_of(train, field), all.narrow(0, 0, 7)));
    CHECK(at::equal(values_of(val, field), all.narrow(0, 7, 3)));
  }
}

TEST_CASE("a regression's target is tanh of numbers of about unit size") {
  const auto checked =
      testing::synthetic_job("{ train: { synthetic: { samples: 4000, target: \"f32[4]\" } } }");
  const Dataset dataset = open_split(checked, "train");
  const at::Tensor y = values_of(dataset, "target");
  CHECK(y.sizes() == at::IntArrayRef({4000, 4}));
  double squares = 0;
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    const float element = y.const_data_ptr<float>()[i];
    REQUIRE(std::abs(element) <= 1);
    squares += static_cast<double>(element) * element;
  }
  CHECK(squares / static_cast<double>(y.numel()) > 0.05);
  CHECK(squares / static_cast<double>(y.numel()) < 0.95);
}

TEST_CASE("sequences: each target is what its position gives, and half of what came before") {
  const auto checked = testing::check_job(
      "model: { inputs: { x: \"f32[5, 3]\" }, flow: [{ rnn: 2 }] }\n"
      "data: { train: { synthetic: { kind: sequences, samples: 4, target: \"f32[2]\" } } }\n"
      "training: { epochs: 1, loss: mse, optimizer: adam }\n");
  const Dataset dataset = open_split(checked, "train");
  const at::Tensor x = values_of(dataset, "x"), y = values_of(dataset, "target");
  CHECK(x.sizes() == at::IntArrayRef({4, 5, 3}));
  CHECK(y.sizes() == at::IntArrayRef({4, 5, 2}));
  // atanh(y_t) - atanh(y_{t-1}) / 2 is one linear map of x_t: 20 positions, 3 numbers each.
  const at::Tensor raw = y.to(at::kDouble).atanh();
  at::Tensor own = raw.clone();
  own.narrow(1, 1, 4).sub_(raw.narrow(1, 0, 4), 0.5);
  const at::Tensor rows = x.to(at::kDouble).reshape({20, 3}), given = own.reshape({20, 2});
  const at::Tensor map = at::linalg_solve(rows.t().mm(rows), rows.t().mm(given));
  CHECK(rows.mm(map).sub(given).abs().max().item<double>() < 1e-4);
  CHECK(map.abs().max().item<double>() > 0.05);
}

TEST_CASE("another seed draws other samples") {
  const auto one =
      testing::synthetic_job("{ train: { synthetic: { samples: 8, target: \"f32[4]\" } } }");
  const auto two = testing::synthetic_job(
      "{ train: { synthetic: { samples: 8, target: \"f32[4]\", seed: 1 } } }");
  const at::Tensor x = values_of(open_split(one, "train"), "x");
  CHECK(!at::equal(x, values_of(open_split(two, "train"), "x")));
  CHECK(at::equal(x, values_of(open_split(one, "train"), "x")));
}

TEST_CASE("images stay bytes, labels become numbers, and a bad label is refused") {
  const testing::TemporaryFolder folder;
  std::vector<std::uint8_t> pixels(3 * 2 * 2);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(250 - i);
  folder.file("train-images-idx3-ubyte", idx({3, 2, 2}, pixels));
  folder.file("train-labels-idx1-ubyte", idx({3}, {9, 0, 4}));
  const auto checked = testing::check_job(
      "model:\n  name: small\n  inputs: { image: \"f32[1, 2, 2]\" }\n"
      "  flow: [flatten, { linear: 10 }]\n"
      "data: { train: { mnist: { path: " +
      folder.path().string() +
      " } }, transforms: { all: { image: [to_f32] } } }\n"
      "training: { epochs: 1, loss: cross_entropy, optimizer: { sgd: { lr: 0.1 } } }\n");
  const Dataset dataset = open_split(checked, "train");
  const at::Tensor images = values_of(dataset, "image"), numbers = values_of(dataset, "label");
  CHECK((images.scalar_type() == at::kByte));
  CHECK(images.sizes() == at::IntArrayRef({3, 1, 2, 2}));
  CHECK(std::equal(pixels.begin(), pixels.end(), images.const_data_ptr<std::uint8_t>()));
  const auto* labels = numbers.const_data_ptr<std::int64_t>();
  CHECK(std::vector<std::int64_t>(labels, labels + 3) == std::vector<std::int64_t>{9, 0, 4});

  folder.file("train-labels-idx1-ubyte", idx({3}, {9, 10, 4}));
  const auto refused = load_split(*checked.job.find_split("train"), checked.job, checked.graph);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == Code::DataCorrupt);
}

}  // namespace fdl::data
