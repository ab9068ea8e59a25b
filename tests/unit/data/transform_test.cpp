#include "lib/data/transform.h"

#include <numeric>

#include <doctest/doctest.h>

#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

job::Job with_transforms(const std::string& transforms) {
  return testing::synthetic_job(
             "{ train: { synthetic: { samples: 8, target: \"f32[4]\" } }, transforms: " +
             transforms + " }")
      .job;
}

// One field of a job, `type` its elements.
FieldTransform transform_of(const job::Job& job, const std::string& field, at::ScalarType dtype,
                            bool is_training, std::vector<std::int64_t> sizes = {3}) {
  Layout layout{{field, {catalog::DType::F32, {3}}}, dtype, std::move(sizes)};
  return {job, layout, is_training};
}

template <typename From, typename To>
void apply(const FieldTransform& transform, const From* from, To* to, std::int64_t num_elements,
           const SampleKey& key = {}) {
  FieldTransform::Buffers buffers;
  transform.apply(reinterpret_cast<const std::byte*>(from), reinterpret_cast<std::byte*>(to),
                  num_elements, key, buffers);
}

std::vector<std::uint8_t> all_bytes() {
  std::vector<std::uint8_t> out(256);
  std::iota(out.begin(), out.end(), std::uint8_t{0});
  return out;
}

}  // namespace

TEST_CASE("bytes become what doing the transforms one by one gives") {
  const job::Job job =
      with_transforms("{ all: { x: [to_f32, { normalize: { mean: 0.2860, std: 0.3530 } }] } }");
  const FieldTransform transform = transform_of(job, "x", at::kByte, true, {256});
  CHECK((transform.output_dtype() == at::kFloat));
  std::vector<float> out(256);
  apply(transform, all_bytes().data(), out.data(), 256);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float scaled = static_cast<float>(i) / 255.0F;
    CHECK(out[i] == (scaled - 0.2860F) / 0.3530F);
  }
}

TEST_CASE("numbers that are floating are normalized and not divided by 255") {
  const job::Job job =
      with_transforms("{ all: { x: [to_f32, { normalize: { mean: 1, std: 2 } }] } }");
  const FieldTransform transform = transform_of(job, "x", at::kFloat, true);
  const std::vector<float> in = {1, 3, -5};
  std::vector<float> out(3);
  apply(transform, in.data(), out.data(), 3);
  CHECK(out == std::vector<float>{0, 1, -3});
}

TEST_CASE("the lists of training and evaluation come after the common one") {
  const job::Job job = with_transforms(
      "{ all: { x: [{ normalize: { mean: 1, std: 1 } }] }, train: { x: [{ normalize: { mean: 0, "
      "std: 2 } }] }, eval: { x: [{ normalize: { mean: 0, std: 4 } }] } }");
  const float in = 9;
  float trained = 0, evaluated = 0;
  apply(transform_of(job, "x", at::kFloat, true, {1}), &in, &trained, 1);
  apply(transform_of(job, "x", at::kFloat, false, {1}), &in, &evaluated, 1);
  CHECK(trained == 4);
  CHECK(evaluated == 2);
}

TEST_CASE("a field without transforms keeps its dtype and bytes") {
  const job::Job job = with_transforms("{ all: { x: [to_f32] } }");
  const FieldTransform transform = transform_of(job, "target", at::kLong, true, {2});
  CHECK((transform.output_dtype() == at::kLong));
  const std::vector<std::int64_t> in = {-3, INT64_MAX};
  std::vector<std::int64_t> out(2);
  apply(transform, in.data(), out.data(), 2);
  CHECK(out == in);
}

}  // namespace fdl::data
