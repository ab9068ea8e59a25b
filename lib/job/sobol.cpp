#include "lib/job/sobol.h"

#include <array>

#include "lib/base/check.h"

namespace fdl::job {
namespace {

constexpr std::size_t kBits = 32;

// A primitive polynomial by degree and inner coefficients, and the first directions.
struct Start {
  std::uint32_t degree;
  std::uint32_t coefficients;
  std::array<std::uint32_t, 5> first;
};
constexpr std::array<Start, kMostSobolDims - 1> kStarts = {{{1, 0, {1}},
                                                            {2, 1, {1, 3}},
                                                            {3, 1, {1, 3, 1}},
                                                            {3, 2, {1, 1, 1}},
                                                            {4, 1, {1, 1, 3, 3}},
                                                            {4, 4, {1, 3, 5, 13}},
                                                            {5, 2, {1, 1, 5, 5, 17}},
                                                            {5, 4, {1, 1, 5, 5, 5}},
                                                            {5, 7, {1, 1, 7, 11, 19}},
                                                            {5, 11, {1, 1, 5, 1, 1}},
                                                            {5, 13, {1, 1, 1, 3, 11}}}};

// The direction numbers of an axis, the first one its highest bit.
std::array<std::uint32_t, kBits> directions(std::size_t dim) {
  std::array<std::uint32_t, kBits> out{};
  if (dim == 0) {
    for (std::size_t i = 0; i < kBits; ++i) out[i] = std::uint32_t{1} << (kBits - 1 - i);
    return out;
  }
  const Start& start = kStarts[dim - 1];
  for (std::size_t i = 0; i < kBits; ++i) {
    if (i < start.degree) {
      out[i] = start.first[i] << (kBits - 1 - i);
      continue;
    }
    out[i] = out[i - start.degree] ^ (out[i - start.degree] >> start.degree);
    for (std::uint32_t k = 1; k < start.degree; ++k) {
      const bool has_term = ((start.coefficients >> (start.degree - 1 - k)) & 1U) != 0;
      if (has_term) out[i] ^= out[i - k];
    }
  }
  return out;
}

// A number for each seed and axis; splitmix64 of both.
std::uint32_t shift_of(std::uint64_t seed, std::size_t dim) {
  if (seed == 0) return 0;
  std::uint64_t z = seed + 0x9e3779b97f4a7c15U * (dim + 1);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return static_cast<std::uint32_t>((z ^ (z >> 31U)) >> 32U);
}

}  // namespace

std::vector<double> sobol_point(std::uint32_t index, std::size_t num_dims, std::uint64_t seed) {
  FDL_CHECK(num_dims <= kMostSobolDims);
  const std::uint32_t gray = index ^ (index >> 1U);
  std::vector<double> out;
  for (std::size_t dim = 0; dim < num_dims; ++dim) {
    const auto numbers = directions(dim);
    std::uint32_t bits = shift_of(seed, dim);
    for (std::size_t i = 0; i < kBits; ++i) {
      if (((gray >> i) & 1U) != 0) bits ^= numbers[i];
    }
    out.push_back(static_cast<double>(bits) / 4294967296.0);  // 2^32
  }
  return out;
}

}  // namespace fdl::job
