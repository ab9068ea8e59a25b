#include "lib/tensor/page_pool.h"

#include <algorithm>
#include <iterator>
#include <sys/mman.h>

namespace fdl::tensor {
namespace {

// Sizes are whole units, which bounds the number of seams (the system allows some 65,000).
constexpr std::size_t kUnit = 512 << 10;
constexpr std::size_t kPage = 4 << 10;
// Where new pages begin: tables of pages for so much are moved as one entry.
constexpr std::size_t kAlignment = 2 << 20;

std::size_t whole_units(std::size_t num_bytes) { return (num_bytes + kUnit - 1) / kUnit * kUnit; }

void unmap(std::uintptr_t first, std::size_t size) {
  if (size > 0) ::munmap(reinterpret_cast<void*>(first), size);
}

// Untouched pages; 0 where there are none.
std::uintptr_t map(std::size_t size) {
  void* const mapped = ::mmap(nullptr, size + kAlignment, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return 0;
  const auto start = reinterpret_cast<std::uintptr_t>(mapped);
  const std::uintptr_t first = (start + kAlignment - 1) / kAlignment * kAlignment;
  unmap(start, first - start);
  unmap(first + size, start + kAlignment - first);
  return first;
}

// Not at the start of a page: a loop over several blocks would find their elements in the same few
// lines of a cache.
void* place_in(std::uintptr_t first) {
  constexpr std::uintptr_t kLine = 64, kLines = kPage / kLine;
  return reinterpret_cast<void*>(first + first / kUnit * 37 % kLines * kLine);
}

}  // namespace

PagePool::~PagePool() {
  drop_gaps();
  for (const auto& [address, span] : taken_) unmap(span.first, span.size);
}

void PagePool::add_gap(Span gap) {
  const auto next = gaps_.lower_bound(gap.first);
  if (next != gaps_.end() && next->first == gap.first + gap.size) {
    const Span behind{next->first, next->second};
    gap.size += behind.size;
    remove_gap(behind);
  }
  const auto after = gaps_.lower_bound(gap.first);
  if (after != gaps_.begin()) {
    const auto former = std::prev(after);
    const Span before{former->first, former->second};
    if (before.first + before.size == gap.first) {
      remove_gap(before);
      gap = {before.first, before.size + gap.size};
    }
  }
  gaps_.emplace(gap.first, gap.size);
  sizes_.emplace(gap.size, gap.first);
}

void PagePool::remove_gap(Span gap) {
  gaps_.erase(gap.first);
  sizes_.erase({gap.size, gap.first});
}

void PagePool::drop_gaps() {
  for (const auto& [first, size] : gaps_) {
    unmap(first, size);
    use_.held_bytes -= size;
  }
  gaps_.clear();
  sizes_.clear();
}

// Moves pages from the end of a gap to the start of `to`, seam by seam, as Linux before 6.17 asks
// for. Returns how many bytes: fewer than both have where the system refuses, which it does when
// there are too many seams.
std::size_t PagePool::move_pages(Span gap, Span to) {
  remove_gap(gap);
  std::size_t num_moved = 0;
  while (num_moved < to.size && gap.size > 0) {
    const Address end = gap.first + gap.size;
    const auto seam = seams_.lower_bound(end);
    const Address start =
        seam == seams_.begin() ? gap.first : std::max(gap.first, *std::prev(seam));
    const std::size_t size = std::min<std::size_t>(end - start, to.size - num_moved);
    void* const place = reinterpret_cast<void*>(to.first + num_moved);
    if (::mremap(reinterpret_cast<void*>(end - size), size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
                 place) == MAP_FAILED)
      break;
    num_moved += size;
    gap.size -= size;
    seams_.insert(to.first + num_moved);
    seams_.erase(end);
    seams_.insert(end - size);
  }
  if (gap.size > 0) add_gap(gap);
  return num_moved;
}

// A block at a new address: of pages from gaps as far as the system shall not be asked for more.
PagePool::Span PagePool::make(std::size_t size) {
  Span out{map(size), size};
  if (out.first == 0) {
    drop_gaps();
    out.first = map(size);
    if (out.first == 0) return out;
  }
  seams_.insert({out.first, out.first + size});
  // With so much above what was ever in use nearly all sizes find a gap, and steps that repeat
  // move nothing.
  const std::size_t most = use_.peak_bytes + use_.peak_bytes / 4;
  Span rest = out;
  while (!sizes_.empty() && use_.held_bytes + rest.size > most) {
    const auto [largest, first] = *sizes_.rbegin();
    const std::size_t num_moved = move_pages({first, largest}, rest);
    if (num_moved == 0) break;
    rest = {rest.first + num_moved, rest.size - num_moved};
  }
  use_.held_bytes += rest.size;
  return out;
}

void* PagePool::take(std::size_t num_bytes) {
  const std::size_t size = whole_units(num_bytes + kPage);
  if (size < num_bytes) return nullptr;  // more than can be counted
  const std::lock_guard lock(mutex_);
  const Use former = use_;
  use_.live_bytes += size;
  use_.peak_bytes = std::max(use_.peak_bytes, use_.live_bytes);
  Span block;
  if (const auto found = sizes_.lower_bound({size, 0}); found != sizes_.end()) {
    const Span gap{found->second, found->first};
    remove_gap(gap);
    block = {gap.first, size};
    if (gap.size > size) add_gap({gap.first + size, gap.size - size});
  } else {
    block = make(size);
    if (block.first == 0) {
      use_.live_bytes = former.live_bytes;
      use_.peak_bytes = former.peak_bytes;
      return nullptr;
    }
  }
  lowest_ = std::min(lowest_.load(), block.first);
  highest_ = std::max(highest_.load(), block.first + block.size);
  void* const address = place_in(block.first);
  taken_.emplace(address, block);
  return address;
}

bool PagePool::give_back(void* address) {
  const auto number = reinterpret_cast<Address>(address);
  if (number < lowest_.load(std::memory_order_relaxed) ||
      number > highest_.load(std::memory_order_relaxed))
    return false;
  const std::lock_guard lock(mutex_);
  const auto found = taken_.find(address);
  if (found == taken_.end()) return false;
  const Span block = found->second;
  taken_.erase(found);
  use_.live_bytes -= block.size;
  add_gap(block);
  return true;
}

PagePool::Use PagePool::use() const {
  const std::lock_guard lock(mutex_);
  return use_;
}

}  // namespace fdl::tensor
