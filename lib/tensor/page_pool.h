#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

namespace fdl::tensor {

// Large blocks of memory whose pages are kept for later ones. A new page costs a fault and is
// filled with zeros, ten times what a pass over it takes. The smallest gap that is large enough
// serves, and neighbouring gaps become one, as in a heap; but where no gap is large enough and as
// much lies in several, their pages are moved to one address (mremap), which takes a twentieth of
// new ones. So what is held stays near the most that was ever in use, whatever sizes come and go.
// Any thread may call anything.
class PagePool {
 public:
  static constexpr std::size_t kLeastBytes = 2 << 20;  // smaller blocks are a heap's business

  struct Use {
    std::size_t live_bytes = 0;  // of blocks taken and not given back, in whole units
    std::size_t peak_bytes = 0;  // the most of it so far
    std::size_t held_bytes = 0;  // with what is kept for later: a quarter above the peak at most
  };

  PagePool() = default;
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;
  ~PagePool();  // gives back everything, blocks that are still taken, too

  // At least `num_bytes`, aligned to 64 bytes, holding anything. Null where the system has no more.
  void* take(std::size_t num_bytes);
  bool give_back(void* address);  // whether it was taken here

  Use use() const;

 private:
  using Address = std::uintptr_t;
  struct Span {
    Address first = 0;
    std::size_t size = 0;
  };

  void add_gap(Span gap);
  void remove_gap(Span gap);
  void drop_gaps();
  Span make(std::size_t size);
  std::size_t move_pages(Span gap, Span to);

  // Where blocks have lain so far. Most addresses of others lie elsewhere, and are told by that.
  std::atomic<Address> lowest_ = UINTPTR_MAX, highest_ = 0;
  mutable std::mutex mutex_;
  Use use_;
  std::unordered_map<void*, Span> taken_;            // by address given out
  std::map<Address, std::size_t> gaps_;              // no two are neighbours
  std::set<std::pair<std::size_t, Address>> sizes_;  // of gaps
  std::set<Address> seams_;  // pages on both sides can not be moved in one go
};

}  // namespace fdl::tensor
