#include "lib/tensor/page_pool.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <sys/mman.h>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace fdl::testing {
namespace {

using tensor::PagePool;

constexpr std::size_t kMiB = 1 << 20;

// A block that knows what was written to it.
struct Marked {
  std::byte* address;
  std::size_t num_bytes;
  unsigned char mark;

  // Ends, and one byte of each page.
  template <typename Look>
  void each(const Look& look) const {
    for (std::size_t i = 0; i < num_bytes; i += 4096) look(address[i]);
    look(address[num_bytes - 1]);
  }
  void write() const {
    each([&](std::byte& at) { at = std::byte{mark}; });
  }
  bool is_whole() const {
    bool out = true;
    each([&](const std::byte& at) { out = out && at == std::byte{mark}; });
    return out;
  }
};

Marked taken(PagePool& pool, std::size_t num_bytes, unsigned char mark) {
  const Marked out{static_cast<std::byte*>(pool.take(num_bytes)), num_bytes, mark};
  REQUIRE(out.address != nullptr);
  out.write();
  return out;
}

// Takes and gives back blocks of all sizes at random, which must keep what was written to them.
void churn(PagePool& pool, std::uint64_t seed, int num_turns) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
  std::vector<Marked> blocks;
  std::size_t num_broken = 0;
  for (int turn = 0; turn < num_turns; ++turn) {
    if (blocks.size() > 12 || (!blocks.empty() && below(2) == 0)) {
      const std::size_t which = below(blocks.size());
      num_broken += blocks[which].is_whole() ? 0 : 1;
      REQUIRE(pool.give_back(blocks[which].address));
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(which));
      continue;
    }
    const std::size_t num_bytes = (std::size_t{1} << below(7)) * kMiB + below(3 * kMiB) + 1;
    blocks.push_back(taken(pool, num_bytes, static_cast<unsigned char>(turn)));
  }
  for (const Marked& block : blocks) {
    num_broken += block.is_whole() ? 0 : 1;
    REQUIRE(pool.give_back(block.address));
  }
  CHECK(num_broken == 0);
}

// Bytes of [address, address + size) that the process holds.
std::size_t resident_bytes(const void* address, std::size_t size) {
  constexpr std::uintptr_t kPage = 4096;
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(address) / kPage * kPage;
  std::vector<unsigned char> pages((size + kPage - 1) / kPage);
  REQUIRE(::mincore(reinterpret_cast<void*>(first), size, pages.data()) == 0);
  const auto is_held = [](unsigned char page) { return page % 2 == 1; };
  return kPage * static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), is_held));
}

}  // namespace

TEST_CASE("page pool: blocks keep what is in them, and little more is held than was ever used") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    PagePool pool;
    churn(pool, seed, 400);
    const PagePool::Use use = pool.use();
    CHECK(use.live_bytes == 0);
    CHECK(use.peak_bytes > 0);
    CHECK(use.held_bytes <= use.peak_bytes + use.peak_bytes / 4);
  }
}

TEST_CASE("page pool: gaps that are too small are joined where new pages would be too many") {
  PagePool pool;
  constexpr std::size_t kNum = 16, kSize = 8 * kMiB - 4096;  // whole units with a page
  std::vector<Marked> small;
  for (unsigned char i = 0; i < kNum; ++i) small.push_back(taken(pool, kSize, i));
  const std::size_t held = pool.use().held_bytes;
  CHECK(held == kNum * 8 * kMiB);
  for (std::size_t i = 0; i < kNum; i += 2) pool.give_back(small[i].address);
  const Marked large = taken(pool, kNum / 2 * 8 * kMiB - 4096, 200);
  CHECK(pool.use().held_bytes <= held + held / 4);
  CHECK(pool.use().peak_bytes == held);
  for (std::size_t i = 1; i < kNum; i += 2) CHECK(small[i].is_whole());
  CHECK(large.is_whole());
}

TEST_CASE("page pool: pages that were moved have been touched already") {
  PagePool pool;
  const Marked first = taken(pool, 30 * kMiB, 1), between = taken(pool, 4 * kMiB, 2),
               second = taken(pool, 30 * kMiB, 3);
  pool.give_back(first.address);
  pool.give_back(second.address);
  auto* const joined = static_cast<std::byte*>(pool.take(60 * kMiB));
  REQUIRE(joined != nullptr);
  CHECK(resident_bytes(joined, 60 * kMiB) >= 40 * kMiB);
  CHECK(between.is_whole());
}

TEST_CASE("page pool: steps that repeat come to ask for nothing new") {
  PagePool pool;
  const std::vector<std::size_t> sizes = {64, 16, 33, 5, 128, 2, 17};
  std::vector<std::size_t> held;
  for (int step = 0; step < 8; ++step) {
    std::map<std::size_t, void*> blocks;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      blocks[i] = pool.take(sizes[i] * kMiB);
      if (i >= 2) pool.give_back(blocks[i - 2]);
    }
    pool.give_back(blocks[sizes.size() - 2]);
    pool.give_back(blocks[sizes.size() - 1]);
    held.push_back(pool.use().held_bytes);
  }
  CHECK(held.back() == held[4]);
}

TEST_CASE("page pool: addresses of others are refused, and sizes that nothing has") {
  PagePool pool;
  int local = 0;
  CHECK_FALSE(pool.give_back(&local));
  void* const block = pool.take(PagePool::kLeastBytes);
  REQUIRE(block != nullptr);
  CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
  CHECK_FALSE(pool.give_back(static_cast<std::byte*>(block) + 64));
  CHECK(pool.take(std::numeric_limits<std::size_t>::max()) == nullptr);
  CHECK(pool.take(std::size_t{1} << 60) == nullptr);
  CHECK(pool.use().live_bytes == pool.use().peak_bytes);
  CHECK(pool.give_back(block));
  CHECK_FALSE(pool.give_back(block));
}

TEST_CASE("page pool: any thread may take and give back") {
  PagePool pool;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 4; ++i)
    threads.emplace_back([&pool, i] { churn(pool, 100 + i, 150); });
  for (std::thread& one : threads) one.join();
  CHECK(pool.use().live_bytes == 0);
}

}  // namespace fdl::testing
