#include "lib/tensor/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>
#include <vector>

#include <ATen/Parallel.h>
#include <doctest/doctest.h>

namespace fdl::testing {
namespace {

using tensor::PhiloxBlock;
using tensor::Purpose;
using tensor::RandomStream;
using tensor::StreamKey;

constexpr std::size_t kMany = 200'000;
// Of a mean over kMany independent values with standard deviation 1, in five standard errors: a
// fixed seed makes it a fixed number, so a pass stays a pass.
const double kFiveErrors = 5 / std::sqrt(static_cast<double>(kMany));

struct Moments {
  double mean = 0, variance = 0;
};

Moments moments(const std::vector<float>& values) {
  Moments out;
  for (const float v : values) out.mean += v;
  out.mean /= static_cast<double>(values.size());
  for (const float v : values) out.variance += (v - out.mean) * (v - out.mean);
  out.variance /= static_cast<double>(values.size());
  return out;
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the published answers") {
  // The vectors that its authors give for philox4x32, 10 rounds.
  CHECK(tensor::philox(0, 0, 0) == PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(tensor::philox(~0ULL, ~0ULL, ~0ULL) ==
        PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(tensor::philox(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e) ==
        PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("bulk draws are the same generator, sixteen blocks at a time") {
  const StreamKey key(7, Purpose::Init);
  std::vector<float> wide(200);
  tensor::fill_uniform(wide, key, 0, 1);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    CAPTURE(i);
    const std::uint32_t word = tensor::philox(key.value(), i / 64 * 16 + i % 16)[i % 64 / 16];
    CHECK(wide[i] == std::min(static_cast<float>(word * 0x1p-32), std::nextafter(1.0F, 0.0F)));
  }
}

TEST_CASE("keys differ in every part, and in their order") {
  std::set<std::uint64_t> seen;
  const auto add = [&](StreamKey key) { CHECK(seen.insert(key.value()).second); };
  for (const std::uint64_t seed : {0, 1, 2}) {
    for (const Purpose purpose : {Purpose::Init, Purpose::Order, Purpose::Dropout}) {
      const StreamKey root(seed, purpose);
      add(root);
      for (const char* path : {"", "a", "b", "ab", "linear_0.weight", "linear_1.weight"}) {
        add(root.with(path));
        for (std::uint64_t step = 0; step < 10; ++step) add(root.with(path).with(step));
      }
      for (std::uint64_t step = 0; step < 10; ++step) add(root.with(step));
      add(root.with(1).with(2));
      add(root.with(2).with(1));
    }
  }
  // Texts that agree in a whole block of eight letters, and in their ends.
  const StreamKey root(9, Purpose::Init);
  add(root.with("encoder.0.attention.weight"));
  add(root.with("encoder.1.attention.weight"));
  add(root.with(std::string_view("a\0", 2)));
}

TEST_CASE("below is fair and stays below") {
  RandomStream stream(StreamKey(3, Purpose::Order));
  std::vector<double> counts(6);
  for (std::size_t i = 0; i < kMany; ++i) counts[stream.below(6)] += 1;
  const double expected = static_cast<double>(kMany) / 6;
  double chi_squared = 0;
  for (const double count : counts)
    chi_squared += (count - expected) * (count - expected) / expected;
  CHECK(chi_squared < 20.5);  // 5 degrees of freedom, one in a thousand
  CHECK(stream.below(1) == 0);
  const std::uint64_t huge = (1ULL << 63) + 1;  // retries about half of the time
  for (int i = 0; i < 100; ++i) CHECK(stream.below(huge) < huge);
}

TEST_CASE("uniform and normal draws have their distributions") {
  std::vector<float> values(kMany);
  tensor::fill_uniform(values, StreamKey(1, Purpose::Init), -2, 6);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  CHECK(*low >= -2);
  CHECK(*high < 6);
  const double width = 8 / std::sqrt(12.0);
  CHECK(std::abs(moments(values).mean - 2) < kFiveErrors * width);
  CHECK(std::abs(moments(values).variance / (width * width) - 1) < 2 * kFiveErrors);

  tensor::fill_normal(values, StreamKey(1, Purpose::Init), 3, 0.5);
  CHECK(std::abs(moments(values).mean - 3) < kFiveErrors * 0.5);
  CHECK(std::abs(moments(values).variance / 0.25 - 1) < 2 * kFiveErrors);
  const auto within =
      std::count_if(values.begin(), values.end(), [](float v) { return std::abs(v - 3) < 0.5; });
  CHECK(std::abs(static_cast<double>(within) / kMany - 0.6827) < kFiveErrors);

  RandomStream stream(StreamKey(2, Purpose::Synthetic));
  for (float& v : values) v = static_cast<float>(stream.normal());
  CHECK(std::abs(moments(values).mean) < kFiveErrors);
  CHECK(std::abs(moments(values).variance - 1) < 2 * kFiveErrors);
}

TEST_CASE("normal draws are what the formula gives in f64, to the last bit") {
  const StreamKey key(11, Purpose::Init);
  std::vector<float> found(kMany + 3), expected(kMany + 4);
  tensor::fill_normal(found, key, 0.25, 0.02);
  for (std::size_t block = 0; 4 * block < expected.size(); ++block) {
    const PhiloxBlock words = tensor::philox(key.value(), block);
    for (std::size_t k = 0; k < 4; k += 2) {
      const double radius = std::sqrt(-2 * std::log((words[k] + 1.0) * 0x1p-32));
      const double angle = 2 * std::numbers::pi * (words[k + 1] * 0x1p-32);
      expected[4 * block + k] = static_cast<float>(0.25 + 0.02 * (radius * std::cos(angle)));
      expected[4 * block + k + 1] = static_cast<float>(0.25 + 0.02 * (radius * std::sin(angle)));
    }
  }
  expected.pop_back();
  CHECK(found == expected);
}

TEST_CASE("a draw does not depend on how many are drawn, nor on the threads") {
  const StreamKey key(5, Purpose::Init);
  const int threads = at::get_num_threads();
  for (const bool normal : {false, true}) {
    const auto fill = [&](std::vector<float>& out) {
      normal ? tensor::fill_normal(out, key, 0, 1) : tensor::fill_uniform(out, key, 0, 1);
    };
    std::vector<float> many(kMany), again(kMany), few(77);
    at::set_num_threads(1);
    fill(many);
    at::set_num_threads(2);
    fill(again);
    fill(few);
    CHECK(many == again);
    CHECK(std::equal(few.begin(), few.end(), many.begin()));
  }
  at::set_num_threads(threads);
}

TEST_CASE("dropout masks have their rate, row by row") {
  const StreamKey key(5, Purpose::Dropout);
  for (const double p : {0.0, 0.1, 0.5, 0.9}) {
    CAPTURE(p);
    std::vector<float> mask(kMany);
    tensor::fill_dropout_mask(mask, key, p, 100, 0);
    const auto zeros = std::count(mask.begin(), mask.end(), 0.0F);
    CHECK(std::abs(static_cast<double>(zeros) / kMany - p) <= kFiveErrors * std::sqrt(p * (1 - p)));
    const auto kept = std::count(mask.begin(), mask.end(), static_cast<float>(1 / (1 - p)));
    CHECK(kept + zeros == static_cast<std::ptrdiff_t>(kMany));
  }
}

TEST_CASE("a row's mask depends on the row, not on the batch around it") {
  const StreamKey key(5, Purpose::Dropout);
  constexpr std::size_t kRow = 101;
  std::vector<float> eight(8 * kRow), three(3 * kRow), other(8 * kRow);
  tensor::fill_dropout_mask(eight, key, 0.5, 8, 0);
  tensor::fill_dropout_mask(three, key, 0.5, 3, 5);
  CHECK(std::equal(three.begin(), three.end(), eight.begin() + 5 * kRow));
  CHECK(!std::equal(three.begin(), three.begin() + kRow, eight.begin()));
  tensor::fill_dropout_mask(other, key.with(1), 0.5, 8, 0);
  CHECK(other != eight);
}

}  // namespace fdl::testing
