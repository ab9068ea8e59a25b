#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/kernels/mask_draw.h"

// Random numbers that depend on nothing but their key: no global generator, no order of calls, no
// number of threads. A key names what is drawn (seed, purpose, path, step, ...); the numbers are
// those of the counter-based generator Philox4x32-10.
// Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
namespace fdl::tensor {

enum class Purpose : std::uint64_t { Init = 1, Order, Augmentation, Dropout, Routing, Synthetic };

// A 64-bit hash of everything that a stream is keyed by.
class StreamKey {
 public:
  StreamKey(std::uint64_t seed, Purpose purpose);

  // The key of a stream within this one, told apart by a number or a text.
  StreamKey with(std::uint64_t number) const;
  StreamKey with(std::string_view text) const;

  std::uint64_t value() const { return value_; }

 private:
  explicit StreamKey(std::uint64_t value) : value_(value) {}
  std::uint64_t value_;
};

// The key of a node's draws at a step, part by part: on a GPU a kernel puts it together, since a
// step that is replayed there learns its number when it runs.
struct StepKey {
  StreamKey node;  // of seed, purpose and path
  std::uint64_t step = 0, micro_batch = 0, loop_turn = 0;
  std::optional<std::uint64_t> place = {};       // of one of several draws of the node
  const std::int64_t* step_on_device = nullptr;  // where given, the step's number is read there

  StreamKey whole() const;
};

using PhiloxBlock = std::array<std::uint32_t, 4>;

// Four random words: block `index` of lane `lane` of the stream with that key.
PhiloxBlock philox(std::uint64_t key, std::uint64_t index, std::uint64_t lane = 0);

// Reads one stream word by word.
class RandomStream {
 public:
  explicit RandomStream(StreamKey key, std::uint64_t lane = 0) : key_(key), lane_(lane) {}

  std::uint32_t word();
  std::uint64_t below(std::uint64_t limit);  // each of 0 ... limit - 1 equally likely; limit > 0
  double uniform();                          // in [0, 1), a multiple of 2^-32
  double normal();                           // N(0, 1)

 private:
  StreamKey key_;
  std::uint64_t lane_;
  std::uint64_t index_ = 0;
  std::size_t num_used_ = 4;
  PhiloxBlock block_{};
};

// out[i] is in [low, high); it depends on the key and i alone.
void fill_uniform(std::span<float> out, StreamKey key, double low, double high);

// out[i] ~ N(mean, stddev^2) by Box and Muller; it depends on the key and i alone.
void fill_normal(std::span<float> out, StreamKey key, double mean, double stddev);

// The lanes of a stream that the rows of a batch draw from: a sample keeps its lane whatever batch
// it is in.
struct Lanes {
  Lanes(std::int64_t first_row = 0) : first(first_row) {}
  Lanes(std::int64_t first_row, std::shared_ptr<const std::vector<std::int64_t>> of_rows)
      : first(first_row), rows(std::move(of_rows)) {}

  std::uint64_t operator[](std::int64_t row) const {
    return static_cast<std::uint64_t>(rows ? (*rows)[static_cast<std::size_t>(row)] : first + row);
  }
  // Of the rows of this batch at those places.
  Lanes at(std::span<const std::int64_t> places) const;
  // Where each of `num_rows` rows becomes `count` rows, one after the other.
  Lanes split(std::int64_t num_rows, std::int64_t count) const;

  std::int64_t first = 0;                                 // of row 0, the others follow it
  std::shared_ptr<const std::vector<std::int64_t>> rows;  // instead, when they do not
};

// What a mask for dropout draws, by which a number is 0 with probability p; of lane 0. 0 <= p < 1.
kernels::MaskDraw mask_draw(StreamKey key, double p);

// A mask for dropout: out is [num_rows, out.size() / num_rows]; each element is 0 with probability
// p, else 1 / (1 - p). Row r is from lane lanes[r] of the key's stream. 0 <= p < 1.
void fill_dropout_mask(std::span<float> out, StreamKey key, double p, std::int64_t num_rows,
                       const Lanes& lanes);

// The same into f32[num_rows, ...], contiguous, on any device.
void fill_dropout_mask(const at::Tensor& out, const StepKey& key, double p, const Lanes& lanes);

}  // namespace fdl::tensor
