#include "lib/data/kept_rows.h"

#include <algorithm>
#include <cstring>

#include "lib/base/check.h"
#include "lib/data/cached_rows.h"

namespace fdl::data {

FixedRows::FixedRows(std::size_t num_rows, const std::vector<Layout>& layout) : states_(num_rows) {
  constexpr std::size_t kMostBytes = 1 << 20;  // of a piece, where it is more than one row
  for (const Layout& field : layout) {
    offsets_.push_back(row_bytes_);
    row_bytes_ += packed_bytes(field, 0);
  }
  while ((row_bytes_ << (shift_ + 1)) <= kMostBytes && (num_rows >> shift_) > 1) ++shift_;
  pieces_ = std::vector<std::atomic<std::byte*>>((num_rows >> shift_) + 1);
}

FixedRows::~FixedRows() {
  for (const std::atomic<std::byte*>& piece : pieces_) delete[] piece.load();
}

bool FixedRows::find(std::size_t place, std::span<SampleView> out) const {
  if (states_[place].load(std::memory_order_acquire) != State::Kept) return false;
  const std::byte* const row = at(place);
  for (std::size_t i = 0; i < offsets_.size(); ++i) out[i] = {row + offsets_[i], 0};
  return true;
}

void FixedRows::expect(std::size_t place) const {
  if (pieces_[place >> shift_].load(std::memory_order_acquire) != nullptr)
    prefetch(at(place), row_bytes_);
}

void FixedRows::allocate(std::atomic<std::byte*>& piece) const {
  std::unique_ptr<std::byte[]> own(new std::byte[row_bytes_ << shift_]);
  std::byte* former = nullptr;
  if (piece.compare_exchange_strong(former, own.get(), std::memory_order_acq_rel)) own.release();
}

bool FixedRows::keep(std::size_t place, std::span<const std::byte> bytes) {
  FDL_CHECK(bytes.size() == row_bytes_);
  State former = State::Empty;
  if (!states_[place].compare_exchange_strong(former, State::Copying)) return false;
  std::atomic<std::byte*>& piece = pieces_[place >> shift_];
  if (piece.load(std::memory_order_acquire) == nullptr) allocate(piece);
  std::copy(bytes.begin(), bytes.end(), at(place));
  states_[place].store(State::Kept, std::memory_order_release);
  return true;
}

// A row is the number of its bytes, and these. In one piece, as a sample that is drawn at random is
// in no near cache, and each piece is waited for.
RaggedRows::RaggedRows(std::size_t num_rows, const std::vector<Layout>& layout)
    : layout_(layout), rows_(num_rows) {}

RaggedRows::~RaggedRows() {
  for (const std::atomic<const std::byte*>& row : rows_) delete[] row.load();
}

bool RaggedRows::find(std::size_t place, std::span<SampleView> out) const {
  const std::byte* const row = rows_[place].load(std::memory_order_acquire);
  if (row == nullptr) return false;
  std::size_t size = 0;
  std::memcpy(&size, row, sizeof size);
  unpack(layout_, {row + sizeof size, size}, out);
  return true;
}

void RaggedRows::expect(std::size_t place) const {
  const std::byte* const row = rows_[place].load(std::memory_order_acquire);
  if (row != nullptr) prefetch(row, kMostAhead);  // its size would have to be waited for
}

bool RaggedRows::keep(std::size_t place, std::span<const std::byte> bytes) {
  const std::size_t size = bytes.size();
  auto own = std::make_unique<std::byte[]>(sizeof size + size);
  std::memcpy(own.get(), &size, sizeof size);
  std::copy(bytes.begin(), bytes.end(), own.get() + sizeof size);
  const std::byte* former = nullptr;
  if (!rows_[place].compare_exchange_strong(former, own.get(), std::memory_order_acq_rel))
    return false;
  own.release();
  return true;
}

}  // namespace fdl::data
