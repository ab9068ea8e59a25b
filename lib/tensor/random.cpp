#include "lib/tensor/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include <ATen/Parallel.h>

#include "lib/base/check.h"
#include "lib/cuda/backend.h"
#include "lib/kernels/rows.h"
#include "lib/tensor/gpu_draw.h"

namespace fdl::tensor {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

// Words that are drawn at once. Element i of a bulk draw is word (i % 64) / 16 of block
// 16 (i / 64) + i % 16: sixteen blocks side by side, without shuffling on the way out.
constexpr std::size_t kGroup = 64;

// Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators": a bijection.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

constexpr std::uint64_t kNumberTag = 0x9E3779B97F4A7C15U, kTextTag = 0xC2B2AE3D27D4EB4FU;

double to_unit(std::uint32_t word) { return word * 0x1p-32; }

struct NormalPair {
  double first, second;
};

// Box and Muller 1958; the logarithm's argument is in (0, 1].
NormalPair normal_pair(std::uint32_t a, std::uint32_t b) {
  const double radius = std::sqrt(-2 * std::log((a + 1.0) * 0x1p-32));
  const double angle = 2 * std::numbers::pi * to_unit(b);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

// Elements that are worth a thread of their own.
constexpr std::int64_t kGrain = 1 << 15;

}  // namespace

StreamKey::StreamKey(std::uint64_t seed, Purpose purpose)
    : value_(mix(mix(seed + kNumberTag) + static_cast<std::uint64_t>(purpose))) {}

StreamKey StreamKey::with(std::uint64_t number) const {
  return StreamKey(mix(mix(value_ + kNumberTag) + number));
}

StreamKey StepKey::whole() const {
  const StreamKey out = node.with(step).with(micro_batch).with(loop_turn);
  return place ? out.with(*place) : out;
}

StreamKey StreamKey::with(std::string_view text) const {
  std::uint64_t value = mix(mix(value_ + kTextTag) + text.size());
  for (std::size_t i = 0; i < text.size(); i += 8) {
    std::uint64_t eight = 0;
    for (std::size_t k = i; k < std::min(i + 8, text.size()); ++k)
      eight = eight << 8 | static_cast<unsigned char>(text[k]);
    value = mix(mix(value) + eight);
  }
  return StreamKey(value);
}

PhiloxBlock philox(std::uint64_t key, std::uint64_t index, std::uint64_t lane) {
  std::uint32_t key0 = static_cast<std::uint32_t>(key),
                key1 = static_cast<std::uint32_t>(key >> 32);
  PhiloxBlock x = {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                   static_cast<std::uint32_t>(lane), static_cast<std::uint32_t>(lane >> 32)};
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t a = std::uint64_t{kMultiplier0} * x[0];
    const std::uint64_t b = std::uint64_t{kMultiplier1} * x[2];
    x = {static_cast<std::uint32_t>(b >> 32) ^ x[1] ^ key0, static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ x[3] ^ key1, static_cast<std::uint32_t>(a)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return x;
}

std::uint32_t RandomStream::word() {
  if (num_used_ == block_.size()) {
    block_ = philox(key_.value(), index_++, lane_);
    num_used_ = 0;
  }
  return block_[num_used_++];
}

// Lemire 2019, "Fast random integer generation in an interval": no division but in the rare retry.
std::uint64_t RandomStream::below(std::uint64_t limit) {
  FDL_CHECK(limit > 0);
  const auto draw = [&] {
    const std::uint64_t high = word();
    return static_cast<unsigned __int128>(high << 32 | word()) * limit;
  };
  unsigned __int128 product = draw();
  if (static_cast<std::uint64_t>(product) < limit) {
    const std::uint64_t unfair = (0 - limit) % limit;
    while (static_cast<std::uint64_t>(product) < unfair) product = draw();
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double RandomStream::uniform() { return to_unit(word()); }

double RandomStream::normal() {
  const std::uint32_t a = word(), b = word();
  return normal_pair(a, b).first;
}

void fill_uniform(std::span<float> out, StreamKey key, double low, double high) {
  const auto num_groups = static_cast<std::int64_t>((out.size() + kGroup - 1) / kGroup);
  // The largest float below `high`, since rounding to float may reach it.
  const float most = std::nextafter(static_cast<float>(high), static_cast<float>(low));
  at::parallel_for(0, num_groups, kGrain / kGroup, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t words[kGroup];
    for (auto g = static_cast<std::size_t>(begin); g < static_cast<std::size_t>(end); ++g) {
      kernels::row_functions().random_words(words, key.value(), g, /*lane=*/0);
      const std::size_t first = g * kGroup, count = std::min(kGroup, out.size() - first);
      for (std::size_t k = 0; k < count; ++k)
        out[first + k] = std::min(static_cast<float>(low + (high - low) * to_unit(words[k])), most);
    }
  });
}

void fill_normal(std::span<float> out, StreamKey key, double mean, double stddev) {
  const auto num_groups = static_cast<std::int64_t>((out.size() + kGroup - 1) / kGroup);
  at::parallel_for(0, num_groups, kGrain / kGroup, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t words[kGroup];
    float values[kGroup];
    for (auto g = static_cast<std::size_t>(begin); g < static_cast<std::size_t>(end); ++g) {
      const kernels::RowFunctions& rows = kernels::row_functions();
      rows.random_words(words, key.value(), g, /*lane=*/0);
      std::uint64_t unsure = rows.normals(values, words, mean, stddev);
      for (; unsure != 0; unsure &= unsure - 1) {
        const int i = std::countr_zero(unsure);
        const std::uint32_t* from = words + (i / 4 + i % 4 / 2 * 32);  // of block i / 4
        const NormalPair pair = normal_pair(from[0], from[16]);
        values[i] = static_cast<float>(mean + stddev * (i % 2 == 0 ? pair.first : pair.second));
      }
      const std::size_t first = g * kGroup;
      std::copy_n(values, std::min(kGroup, out.size() - first), out.data() + first);
    }
  });
}

Lanes Lanes::at(std::span<const std::int64_t> places) const {
  auto out = std::make_shared<std::vector<std::int64_t>>();
  out->reserve(places.size());
  for (const std::int64_t place : places) out->push_back(static_cast<std::int64_t>((*this)[place]));
  return {0, std::move(out)};
}

Lanes Lanes::split(std::int64_t num_rows, std::int64_t count) const {
  if (!rows) return {first * count};
  auto out = std::make_shared<std::vector<std::int64_t>>();
  out->reserve(static_cast<std::size_t>(num_rows * count));
  for (std::int64_t row = 0; row < num_rows; ++row) {
    for (std::int64_t part = 0; part < count; ++part)
      out->push_back((*rows)[static_cast<std::size_t>(row)] * count + part);
  }
  return {0, std::move(out)};
}

kernels::MaskDraw mask_draw(StreamKey key, double p) {
  FDL_CHECK(p >= 0 && p < 1);
  kernels::MaskDraw out;
  out.key = key.value();
  out.threshold = static_cast<std::uint32_t>(std::min(std::llround(p * 0x1p32), 0xFFFFFFFFLL));
  out.kept = static_cast<float>(1 / (1 - p));
  return out;
}

void fill_dropout_mask(std::span<float> out, StreamKey key, double p, std::int64_t num_rows,
                       const Lanes& lanes) {
  if (out.empty()) return;
  FDL_CHECK(num_rows > 0);
  const auto row_elements = static_cast<std::int64_t>(out.size()) / num_rows;
  const kernels::MaskDraw draw = mask_draw(key, p);
  const std::int64_t grain =
      std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, row_elements));
  at::parallel_for(0, num_rows, grain, [&](std::int64_t begin, std::int64_t end) {
    kernels::MaskDraw of_row = draw;
    for (std::int64_t row = begin; row < end; ++row) {
      of_row.lane = lanes[row];
      kernels::row_functions().dropout_mask(out.data() + row * row_elements, 0, row_elements,
                                            of_row);
    }
  });
}

void fill_dropout_mask(const at::Tensor& out, const StepKey& key, double p, const Lanes& lanes) {
  if (out.numel() == 0) return;
  if (out.device().is_cpu()) {
    const std::span<float> values(out.mutable_data_ptr<float>(),
                                  static_cast<std::size_t>(out.numel()));
    return fill_dropout_mask(values, key.whole(), p, out.size(0), lanes);
  }
  GpuDraw<cuda::MaskDraw> there(out, key, lanes);
  const kernels::MaskDraw draw = mask_draw(key.whole(), p);
  there.draw.threshold = draw.threshold;
  there.draw.kept = draw.kept;
  cuda::backend().fill_mask(out, there.draw);
}

}  // namespace fdl::tensor
