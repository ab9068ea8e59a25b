#include "lib/weights/numbers.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <doctest/doctest.h>

#include "lib/weights/difference.h"
#include "lib/weights/statistics.h"
#include "lib/weights/writing.h"
#include "tests/temporary_folder.h"
#include "tests/unit/weights/fixture.h"

namespace fdl::weights {
namespace {

using format::SafetensorsDtype;

double decode_bits(SafetensorsDtype dtype, std::uint16_t bits) {
  return decode(dtype, std::as_bytes(std::span(&bits, 1))).front();
}

std::uint16_t encode_bits(SafetensorsDtype dtype, double value) {
  const std::vector<std::byte> bytes = encode(dtype, std::span(&value, 1));
  std::uint16_t out = 0;
  std::memcpy(&out, bytes.data(), 2);
  return out;
}

}  // namespace

TEST_CASE("known halves") {
  CHECK(decode_bits(SafetensorsDtype::F16, 0x3c00) == 1);
  CHECK(decode_bits(SafetensorsDtype::F16, 0xc000) == -2);
  CHECK(decode_bits(SafetensorsDtype::F16, 0x7bff) == 65504);
  CHECK(decode_bits(SafetensorsDtype::F16, 0x0001) == std::ldexp(1, -24));
  CHECK(decode_bits(SafetensorsDtype::BF16, 0x3f80) == 1);
  CHECK(decode_bits(SafetensorsDtype::BF16, 0x4049) == 3.140625);
  CHECK(encode_bits(SafetensorsDtype::F16, 65519) == 0x7bff);
  CHECK(encode_bits(SafetensorsDtype::F16, 65520) == 0x7c00);                   // infinity
  CHECK(encode_bits(SafetensorsDtype::F16, 1 + std::ldexp(1, -11)) == 0x3c00);  // a tie, to even
  CHECK(encode_bits(SafetensorsDtype::F16, 1 + 3 * std::ldexp(1, -11)) == 0x3c02);
}

TEST_CASE("every 16-bit float survives decoding and encoding") {
  for (const SafetensorsDtype dtype : {SafetensorsDtype::F16, SafetensorsDtype::BF16}) {
    int num_broken = 0;
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
      const double value = decode_bits(dtype, static_cast<std::uint16_t>(bits));
      const std::uint16_t back = encode_bits(dtype, value);
      const bool fine = std::isnan(value) ? std::isnan(decode_bits(dtype, back)) : back == bits;
      num_broken += fine ? 0 : 1;
    }
    CHECK(num_broken == 0);
  }
}

TEST_CASE("statistics of what is finite") {
  const testing::TemporaryFolder folder;
  const float inf = std::numeric_limits<float>::infinity();
  const WeightFiles files = testing::open(
      testing::write(folder.path() / "x.safetensors",
                     {{"a", {4}, {1, 2, 3, 6}}, {"b", {3}, {NAN, inf, -1}}, {"c", {0}, {}}}));
  const auto a = statistics(files, *files.find("a"));
  CHECK(a->min == 1);
  CHECK(a->max == 6);
  CHECK(a->mean == 3);
  CHECK(a->std == doctest::Approx(std::sqrt(3.5)));
  const auto b = statistics(files, *files.find("b"));
  CHECK(b->num_not_finite == 2);
  CHECK(b->max == -1);
  CHECK(statistics(files, *files.find("c"))->std == 0);
}

TEST_CASE("statistics over several pieces") {
  const testing::TemporaryFolder folder;
  std::vector<float> values(kPieceBytes / 4 + 1000, 2);
  values.back() = 5;
  values.front() = -1;
  const auto count = static_cast<std::int64_t>(values.size());
  const WeightFiles files =
      testing::open(testing::write(folder.path() / "x.safetensors", {{"a", {count}, values}}));
  const auto a = statistics(files, *files.find("a"));
  CHECK(a->min == -1);
  CHECK(a->max == 5);
  CHECK(a->mean == doctest::Approx(2));
  CHECK(a->std == doctest::Approx(std::sqrt(18.0 / static_cast<double>(count))));
}

TEST_CASE("differences by name, type and value") {
  const testing::TemporaryFolder folder;
  const WeightFiles a =
      testing::open(testing::write(folder.path() / "a.safetensors", {{"same", {2}, {1, NAN}},
                                                                     {"moved", {3}, {1, 2, 3}},
                                                                     {"shape", {2}, {1, 2}},
                                                                     {"a", {1}, {0}}}));
  const WeightFiles b =
      testing::open(testing::write(folder.path() / "b.safetensors", {{"same", {2}, {1, NAN}},
                                                                     {"moved", {3}, {1, 2.5, 1}},
                                                                     {"shape", {1, 2}, {1, 2}},
                                                                     {"b", {1}, {0}}}));
  const auto found = difference(a, b);
  REQUIRE(found.has_value());
  CHECK(found->only_a == std::vector<std::string>{"a"});
  CHECK(found->only_b == std::vector<std::string>{"b"});
  REQUIRE(found->types.size() == 1);
  CHECK(found->types[0].b == "F32[1, 2]");
  REQUIRE(found->values.size() == 1);
  CHECK(found->values[0].num_different == 2);
  CHECK(found->values[0].most == 2);
  CHECK(found->num_equal == 1);
  CHECK(difference(a, a)->is_empty());
}

TEST_CASE("the mean of models; parts of a model") {
  const testing::TemporaryFolder folder;
  std::vector<WeightFiles> models;
  for (const float v : {1.0F, 2.0F, 6.0F}) {
    models.push_back(testing::open(testing::write(folder.path() / fmt::format("{}.safetensors", v),
                                                  {{"a", {2}, {v, -v}}, {"b.c", {}, {v}}})));
  }
  const auto out = folder.path() / "mean.safetensors";
  REQUIRE(average(models, {{"k", "v"}}, out).has_value());
  CHECK(testing::numbers_of(testing::open(out), "a") == std::vector<float>{3, -3});
  CHECK(testing::open(out).metadata.at("k") == "v");
  const std::vector<Copied> part = {{models[1].find("b.c"), "c"}};
  REQUIRE(copy_tensors(models[1], part, {}, out).has_value());
  CHECK(testing::open(out).tensors.size() == 1);
  CHECK(testing::numbers_of(testing::open(out), "c") == std::vector<float>{2});
  models.push_back(testing::open(out));
  CHECK(average(models, {}, out).error().code == Code::WeightsMismatch);
}

}  // namespace fdl::weights
