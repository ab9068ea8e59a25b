#include "tests/unit/data/fixture.h"

#include <numeric>

#include <ATen/ops/empty.h>
#include <doctest/doctest.h>

#include "tests/temporary_folder.h"

namespace fdl::testing {

CheckedJob check_job(const std::string& manifest) {
  const TemporaryFolder folder;
  const auto path = folder.file("fdl.yml", manifest);
  Diagnostics problems;
  const auto loaded =
      config::load_manifest(path, {"", "", {}, {}}, job::merge_rules(), folder.path(), problems);
  REQUIRE(loaded.has_value());
  job::Checked checked = job::check(*loaded, {}, false, problems);
  INFO(to_text(problems, false));
  REQUIRE(!problems.has_errors());
  REQUIRE(checked.job.has_value());
  return {std::move(*checked.graph), std::move(*checked.job)};
}

CheckedJob synthetic_job(const std::string& data) {
  return check_job(
      "model:\n  name: small\n  inputs: { x: \"f32[3]\" }\n  flow: [{ linear: 4 }]\n"
      "data: " +
      data +
      "\ntraining: { epochs: 1, batch_size: 2, loss: mse, optimizer: { sgd: { lr: 0.1 } } }\n");
}

data::Dataset counting_dataset(std::int64_t num_samples) {
  data::Dataset out;
  at::Tensor x = at::empty({num_samples, 2}, at::kFloat);
  auto* elements = x.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < num_samples; ++i) {
    elements[2 * i] = static_cast<float>(i);
    elements[2 * i + 1] = static_cast<float>(-i);
  }
  out.fields.push_back({"x", {catalog::DType::F32, {2}}, std::move(x)});
  out.rows.resize(static_cast<std::size_t>(num_samples));
  std::iota(out.rows.begin(), out.rows.end(), 0);
  return out;
}

}  // namespace fdl::testing
