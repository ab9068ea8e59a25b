#include "lib/kernels/cut_gemm.h"

#include <algorithm>

#include <ATen/Parallel.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "lib/kernels/blas.h"

namespace fdl::kernels {
namespace {

// One factor's block of so many rows or columns and so much of k stays in a core's own cache (768
// KiB of 2 MiB) while panels of the other pass by. kDepth also says how sums are cut, so to change
// it changes bits.
constexpr std::int64_t kBlock = 256, kDepth = kStepsOfSum * kStep;
constexpr std::int64_t kPanelNumbers = kDepth / kStep * kStepNumbers;
constexpr std::int64_t kBlockPanels = kBlock / kPanelRows;
constexpr std::int64_t kGroup = 4;  // panels that are packed at once

// Grows to the most that was ever asked for, and is kept.
std::uint16_t* kept_memory(std::int64_t num_numbers) {
  thread_local AlignedArray<std::uint16_t> kept;
  thread_local std::int64_t size = 0;
  if (size < num_numbers) {
    kept.reset();
    kept = aligned_array<std::uint16_t>(num_numbers);
    size = num_numbers;
  }
  return kept.get();
}

struct Side {
  Factor factor;
  bool is_left;
  std::int64_t length;  // rows of a left factor, columns of a right one

  bool is_along_k() const { return is_left != factor.is_turned; }
  Factor from(std::int64_t at, std::int64_t k) const {
    const std::int64_t offset = is_along_k() ? at * factor.stride + k : k * factor.stride + at;
    return {factor.data + offset, factor.stride, factor.is_turned};
  }
  std::int64_t num(std::int64_t at, std::int64_t most = kPanelRows) const {
    return std::min(most, length - at);
  }
  PanelSource panels(std::int64_t at, std::int64_t num, std::int64_t k, std::int64_t depth) const {
    return {from(at, k).data, factor.stride, is_along_k(), num, depth};
  }
};

// Threads share out the panels of both sides.
struct Grid {
  std::int64_t streams = 1, stays = 1;
};

// A product as all its threads see it. Panels of the longer side stream past blocks of the other.
struct Work {
  const TileFunctions& tiles;
  Side streams, stays;
  const CutRight* packed;
  float* out;
  std::int64_t stride, k;
  bool adds;

  std::uint16_t* memory = nullptr;     // a block, then a group for each thread
  bool is_bad[2 * kBlockPanels] = {};  // of the block's panels

  Grid grid_of(std::int64_t threads) const;
  void run(std::int64_t thread, std::int64_t threads);
  void pack_block(std::int64_t at, std::int64_t from_k, std::int64_t depth, std::int64_t thread,
                  std::int64_t threads);
  void pass(std::int64_t at, std::int64_t from_k, std::int64_t depth, std::int64_t thread,
            Grid grid) const;
  // As many rows or columns as fill the memory of a block, where k is short.
  std::int64_t block() const {
    return packed != nullptr ? stays.length : kBlock * (k > kDepth / 2 ? 1 : 2);
  }
  std::int64_t num_stays(std::int64_t at) const {  // panels of what stays at once
    return at::divup(std::min(block(), stays.length - at), kPanelRows);
  }
  void multiply(const std::uint16_t* streaming, std::int64_t stream, const std::uint16_t* staying,
                std::int64_t stay, std::int64_t from_k, std::int64_t depth) const;
  void plainly(std::int64_t stream, std::int64_t stay, std::int64_t from_k,
               std::int64_t depth) const;
};

// Those of this product.
void wait_for_threads() {
#ifdef _OPENMP
  _Pragma("omp barrier");
#endif
}

Grid Work::grid_of(std::int64_t threads) const {
  const std::int64_t in_streams = at::divup(streams.length, kPanelRows), in_stays = num_stays(0);
  if (packed != nullptr) {  // its part stays with a thread from one product to the next
    const std::int64_t of_stays = std::min(threads, in_stays);
    return {std::min(threads / of_stays, in_streams), of_stays};
  }
  const std::int64_t of_streams = std::min(threads, in_streams);
  return {of_streams, std::min(threads / of_streams, in_stays)};
}

void Work::pack_block(std::int64_t at, std::int64_t from_k, std::int64_t depth, std::int64_t thread,
                      std::int64_t threads) {
  const std::int64_t panel = at::divup(depth, kStep) * kStepNumbers;
  const std::int64_t panels = at::divup(std::min(block(), stays.length - at), kPanelRows);
  const std::int64_t end = panels * (thread + 1) / threads;
  for (std::int64_t i = panels * thread / threads; i < end; i += kGroup) {
    const std::int64_t first = at + i * kPanelRows, group = std::min(kGroup, end - i);
    const std::int64_t num = stays.num(first, group * kPanelRows);
    const bool bad = tiles.pack(stays.panels(first, num, from_k, depth), stays.is_left,
                                memory + i * panel, panel);
    std::fill_n(is_bad + i, group, bad);
  }
}

// A panel with infinities, or what comes near to them, is the BLAS's.
void Work::plainly(std::int64_t stream, std::int64_t stay, std::int64_t from_k,
                   std::int64_t depth) const {
  const Side& left = streams.is_left ? streams : stays;
  const Side& right = streams.is_left ? stays : streams;
  const std::int64_t row = streams.is_left ? stream : stay,
                     column = streams.is_left ? stay : stream;
  multiply_blas(left.from(row, from_k), right.from(column, from_k), out + row * stride + column,
                stride, {left.num(row), right.num(column), depth}, adds || from_k > 0);
}

void Work::pass(std::int64_t at, std::int64_t from_k, std::int64_t depth, std::int64_t thread,
                Grid grid) const {
  const std::int64_t row = thread / grid.stays, column = thread % grid.stays;
  if (row >= grid.streams) return;
  const std::int64_t panels = at::divup(streams.length, kPanelRows);
  const std::int64_t end = panels * (row + 1) / grid.streams;
  const std::int64_t first_stay = num_stays(at) * column / grid.stays;
  const std::int64_t end_stay = num_stays(at) * (column + 1) / grid.stays;
  std::uint16_t* const group = memory + (kBlockPanels + thread * kGroup) * kPanelNumbers;
  const std::int64_t panel = at::divup(depth, kStep) * kStepNumbers;
  for (std::int64_t i = panels * row / grid.streams; i < end; i += kGroup) {
    const std::int64_t first = i * kPanelRows;
    const std::int64_t num = streams.num(first, std::min(kGroup, end - i) * kPanelRows);
    const bool is_group_bad =
        tiles.pack(streams.panels(first, num, from_k, depth), streams.is_left, group, panel);
    for (std::int64_t j = first_stay; j < end_stay; ++j) {
      const std::int64_t stay = at + j * kPanelRows;
      const bool bad = is_group_bad || (packed == nullptr && is_bad[j]);
      const std::uint16_t* const staying =
          packed != nullptr ? packed->panel(j, from_k / kStep) : memory + j * panel;
      for (std::int64_t k = 0; k * kPanelRows < num; ++k) {
        if (bad)
          plainly(first + k * kPanelRows, stay, from_k, depth);
        else
          multiply(group + k * panel, first + k * kPanelRows, staying, stay, from_k, depth);
      }
    }
  }
}

void Work::multiply(const std::uint16_t* streaming, std::int64_t stream,
                    const std::uint16_t* staying, std::int64_t stay, std::int64_t from_k,
                    std::int64_t depth) const {
  const std::int64_t steps = at::divup(depth, kStep), row = streams.is_left ? stream : stay,
                     column = streams.is_left ? stay : stream;
  const Side& left = streams.is_left ? streams : stays;
  const Side& right = streams.is_left ? stays : streams;
  tiles.multiply(streams.is_left ? streaming : staying, streams.is_left ? staying : streaming,
                 steps, out + row * stride + column, stride, left.num(row), right.num(column),
                 adds || from_k > 0);
}

void Work::run(std::int64_t thread, std::int64_t threads) {
  const Grid grid = grid_of(threads);
  tiles.begin();
  for (std::int64_t at = 0; at < stays.length; at += block()) {
    for (std::int64_t from_k = 0; from_k < k; from_k += kDepth) {
      const std::int64_t depth = std::min(kDepth, k - from_k);
      if (packed == nullptr) {
        wait_for_threads();  // nobody reads the last block any more
        pack_block(at, from_k, depth, thread, threads);
        wait_for_threads();
      }
      pass(at, from_k, depth, thread, grid);
    }
  }
  tiles.end();
}

}  // namespace

CutRight::CutRight(const TileFunctions& tiles, Factor b, std::int64_t n, std::int64_t k)
    : num_steps_(at::divup(k, kStep)) {
  const Side side{b, false, n};
  const std::int64_t panel = num_steps_ * kStepNumbers;
  panels_ = aligned_array<std::uint16_t>(at::divup(n, kPanelRows) * panel);
  is_good_ = !tiles.pack(side.panels(0, n, 0, k), false, panels_.get(), panel);
}

// In nanoseconds of one core, as measured for docs/adr/0063.
bool tiles_pay(ProductSize size, bool is_packed) {
  constexpr double kBlasFlops = 180, kTileFlops = 380, kPackNumber = 0.3, kStart = 1000;
  const auto whole = [](std::int64_t length, std::int64_t part) {
    return static_cast<double>(at::divup(length, part) * part);
  };
  const auto m = static_cast<double>(size.m), n = static_cast<double>(size.n),
             k = static_cast<double>(size.k);
  const double stays = std::min(m, n), streams = std::max(m, n);
  const double packed =
      is_packed
          ? m
          : stays + streams * static_cast<double>(at::divup(std::min(size.m, size.n), kBlock));
  const double by_tiles = 2 * whole(size.m, kPanelRows) * whole(size.n, kPanelRows) *
                              whole(size.k, kStep) / kTileFlops +
                          kPackNumber * packed * k + kStart;
  return by_tiles < 0.9 * (2 * m * n * k / kBlasFlops);
}

void multiply_cut(const TileFunctions& tiles, Factor a, Factor b, const CutRight* packed,
                  float* out, std::int64_t stride, ProductSize size, bool adds) {
  const Side left{a, true, size.m}, right{b, false, size.n};
  const bool streams_left = packed != nullptr || size.m >= size.n;
  Work work{
      tiles, streams_left ? left : right, streams_left ? right : left, packed, out, stride, size.k,
      adds};
  std::int64_t threads = 1;
#ifdef _OPENMP
  if (omp_in_parallel() == 0 && !at::in_parallel_region()) threads = at::get_num_threads();
#endif
  const Grid grid = work.grid_of(threads);
  threads = grid.streams * grid.stays;
  work.memory = kept_memory((kBlockPanels + threads * kGroup) * kPanelNumbers);
#ifdef _OPENMP
  if (threads > 1) {
    const int asked = static_cast<int>(threads);  // the system may give fewer
#pragma omp parallel num_threads(asked)
    work.run(omp_get_thread_num(), omp_get_num_threads());
    return;
  }
#endif
  work.run(0, 1);
}

}  // namespace fdl::kernels
