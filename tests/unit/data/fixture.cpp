#include "tests/unit/data/fixture.h"

#include <cstring>
#include <numeric>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
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
  at::Tensor x = at::empty({num_samples, 2}, at::kFloat);
  auto* elements = x.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < num_samples; ++i) {
    elements[2 * i] = static_cast<float>(i);
    elements[2 * i + 1] = static_cast<float>(-i);
  }
  const job::Field field{"x", {catalog::DType::F32, {2}}, 0, 0, ""};
  data::Dataset out;
  std::vector<data::FieldValues> values;
  values.push_back({field, std::move(x), {}});
  out.source = std::make_shared<data::MemorySource>(std::move(values));
  out.fields = {field};
  out.rows.resize(static_cast<std::size_t>(num_samples));
  std::iota(out.rows.begin(), out.rows.end(), 0);
  return out;
}

data::Dataset open_split(const CheckedJob& checked, const std::string& split) {
  Result<data::Dataset> out =
      data::load_split(*checked.job.find_split(split), checked.job, checked.graph);
  INFO((out ? std::string() : to_text(out.error(), false)));
  REQUIRE(out.has_value());
  return std::move(*out);
}

at::Tensor values_of(const data::Dataset& dataset, const std::string& field) {
  const auto& layout = dataset.source->layout();
  std::size_t i = 0;
  while (i < layout.size() && layout[i].field.name != field) ++i;
  REQUIRE(i < layout.size());
  std::vector<std::int64_t> sizes = layout[i].sizes;
  sizes.insert(sizes.begin(), dataset.num_samples());
  const at::Tensor out = at::zeros(sizes, layout[i].dtype);
  auto* to = static_cast<std::byte*>(out.mutable_data_ptr());
  data::Scratch scratch(layout.size());
  std::vector<data::SampleView> views(layout.size());
  for (const std::int64_t row : dataset.rows) {
    const Result<void> read = dataset.source->read(row, scratch, views);
    INFO((read ? std::string() : to_text(read.error(), false)));
    REQUIRE(read.has_value());
    const auto num_elements = static_cast<std::size_t>(layout[i].num_elements(views[i].length));
    std::memcpy(to, views[i].bytes, num_elements * out.element_size());
    to += static_cast<std::size_t>(layout[i].num_elements()) * out.element_size();
  }
  return out;
}

std::vector<data::Batch> all_batches(const CheckedJob& checked, const std::string& split,
                                     const data::LoaderSpec& spec) {
  const data::Dataset dataset = open_split(checked, split);
  data::Loader loader(dataset, data::field_transforms(checked.job, dataset, split == "train"),
                      spec);
  std::vector<data::Batch> out;
  for (;;) {
    const Result<const data::Batch*> batch = loader.next();
    REQUIRE(batch.has_value());
    if (*batch == nullptr) return out;
    out.push_back(**batch);
    for (at::Tensor& field : out.back().fields) field = field.clone();
  }
}

}  // namespace fdl::testing
