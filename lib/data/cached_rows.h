#pragma once

#include <optional>
#include <span>
#include <vector>

#include "lib/data/cache.h"

// How a cache holds a sample: one field behind the other, each its length (as i64) where it is
// ragged, its elements, and zeros up to a multiple of 8 bytes.
namespace fdl::data {

// What there is of each field after its front.
std::vector<Layout> packed_layout(const Kept& kept);

// What a field takes in a packed sample; `length` counts where it is ragged.
std::size_t packed_bytes(const Layout& field, std::int64_t length);

// One sample, read and transformed. Errors: those of reading.
Result<std::vector<std::byte>> packed(const Kept& kept, std::int64_t row);

// Finds the fields of a packed sample; false when it is not as long as they need.
bool unpack(const std::vector<Layout>& layout, std::span<const std::byte> bytes,
            std::span<SampleView> out);

// Where a row stands among those that are kept.
class Places {
 public:
  explicit Places(std::vector<std::int64_t> rows);
  // In order, each once.
  const std::vector<std::int64_t>& rows() const { return rows_; }
  std::optional<std::size_t> find(std::int64_t row) const;

 private:
  std::vector<std::int64_t> rows_;
  bool is_range_;  // without gaps, as all rows of a source are: then nothing is searched
};

}  // namespace fdl::data
