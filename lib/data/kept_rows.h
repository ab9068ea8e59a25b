#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lib/data/source.h"

// Where packed samples (cached_rows.h) are kept in memory, each once it has been read. Both classes
// are safe from any thread, and answer alike:
//   find    whether the row of a place below `num_rows` is there, and where its fields are
//   expect  asks for it ahead, as Source::expect
//   keep    copies a row; false where another thread keeps it, or is about to
//   kBesides  what a row takes beside its bytes
namespace fdl::data {

// Without ragged fields: rows of one size, which lie one behind the other in a few pieces.
class FixedRows {
  enum class State : std::uint8_t { Empty, Copying, Kept };

 public:
  static constexpr std::size_t kBesides = sizeof(State);

  FixedRows(std::size_t num_rows, const std::vector<Layout>& layout);
  FixedRows(const FixedRows&) = delete;
  FixedRows& operator=(const FixedRows&) = delete;
  ~FixedRows();

  bool find(std::size_t place, std::span<SampleView> out) const;
  void expect(std::size_t place) const;
  bool keep(std::size_t place, std::span<const std::byte> bytes);

 private:
  std::byte* at(std::size_t place) const {
    std::byte* const piece = pieces_[place >> shift_].load(std::memory_order_acquire);
    return piece + (place & ((std::size_t{1} << shift_) - 1)) * row_bytes_;
  }
  void allocate(std::atomic<std::byte*>& piece) const;

  std::vector<std::size_t> offsets_;  // of each field
  std::size_t row_bytes_ = 0;
  unsigned shift_ = 0;  // a piece has 2^shift rows
  std::vector<std::atomic<std::byte*>> pieces_;
  std::vector<std::atomic<State>> states_;
};

// Of samples that differ in length: each in a piece of its own.
class RaggedRows {
 public:
  static constexpr std::size_t kBesides = sizeof(std::size_t) + sizeof(void*);

  RaggedRows(std::size_t num_rows, const std::vector<Layout>& layout);
  RaggedRows(const RaggedRows&) = delete;
  RaggedRows& operator=(const RaggedRows&) = delete;
  ~RaggedRows();

  bool find(std::size_t place, std::span<SampleView> out) const;
  void expect(std::size_t place) const;
  bool keep(std::size_t place, std::span<const std::byte> bytes);

 private:
  std::vector<Layout> layout_;
  std::vector<std::atomic<const std::byte*>> rows_;
};

}  // namespace fdl::data
