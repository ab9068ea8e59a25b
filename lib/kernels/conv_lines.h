#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include <ATen/Parallel.h>

#include "lib/kernels/cut_conv.h"

// How cut_conv.h goes over images: which pixels a product has in its rows, and in which order they
// are put for tiles.
namespace fdl::kernels {

inline std::int64_t round_up(std::int64_t size, std::int64_t part) {
  return at::divup(size, part) * part;
}
inline std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((b - 1 - a) / b);
}
inline std::int64_t floor_mod(std::int64_t a, std::int64_t b) { return a - floor_div(a, b) * b; }

// A point of a filter along one axis: at place q of what comes out it reads q * in_step + offset.
struct Tap {
  std::int64_t offset = 0, index = 0;
};

// One axis of a product of images and filters, and which places of its result it makes.
struct Along {
  std::int64_t in = 0, in_step = 1;
  std::int64_t num = 0, out_step = 1, out_first = 0;
  std::vector<Tap> taps;
};

Along forward_along(const ConvAxis& axis);
// The places of a gradient that lie `first` behind a multiple of the stride: only some points of a
// filter reach them, and these move by whole places.
Along backward_along(const ConvAxis& axis, std::int64_t first);

// Memory [N, planes, height, width].
struct Planes {
  std::int64_t images = 0, num = 0, height = 0, width = 0;
  std::int64_t plane() const { return height * width; }
  std::int64_t image() const { return num * plane(); }
};

// With a filter of one point rows are no different from a long one.
ConvSize simplest(ConvSize size);
Planes input_of(const ConvSize& size);
Planes output_of(const ConvSize& size);

// How many images share a line of `num` places, so that lines fill tiles.
std::int64_t group_of(std::int64_t images, std::int64_t num);

// Where the pixels of a line lie in their plane, below zero where there is none: `num` of them,
// `images` of `group` at each place, which begin at `first`.
std::vector<std::int32_t> places_in(std::int64_t num, std::int64_t group, std::int64_t images,
                                    std::int64_t image, std::int64_t first, std::int64_t step,
                                    std::int64_t size);

// A row of a group of images as all these taps read it: for each remainder that their offsets leave
// by the step a line of its pixels, image by image at each place.
struct Lines {
  Lines(const std::vector<Along>& along, const Planes& from, std::int64_t group_size);

  std::int64_t num_lines() const { return static_cast<std::int64_t>(places.size()); }
  const std::int32_t* places_of(std::int64_t line, bool is_last) const {
    return (is_last ? last_places : places)[line].data();
  }
  std::int64_t line_of(const Tap& tap) const { return phase[floor_mod(tap.offset, step)]; }
  std::int64_t shift_of(const Tap& tap) const {  // in pixels
    return (floor_div(tap.offset, step) - first) * group;
  }

  std::int64_t group = 1, step = 1, first = 0, num = 0;
  std::int64_t last_images = 1;     // of the last group
  std::vector<std::int64_t> phase;  // remainder -> line
  std::vector<std::vector<std::int32_t>> places, last_places;
};

// So many groups of images are put in order at once, and then used: a core's cache holds them.
std::int64_t groups_at_once(std::int64_t groups, std::int64_t numbers_of_group);

// Work [0, num) shared out among threads that may use tiles: who is done takes the next piece, as
// one may be slowed down by others on the machine. Neighbours stay together, they read the same.
template <typename Function>
void share_out(const TileFunctions& tiles, std::int64_t num, Function function) {
  constexpr std::int64_t kPieces = 8;
  const std::int64_t threads = at::get_num_threads();
  const std::int64_t piece = at::divup(num, threads * kPieces);
  std::atomic<std::int64_t> next{0};
  at::parallel_for(0, threads, 1, [&](std::int64_t, std::int64_t) {
    tiles.begin();
    while (true) {
      const std::int64_t begin = next.fetch_add(piece), end = std::min(begin + piece, num);
      if (begin >= end) break;
      for (std::int64_t i = begin; i < end; ++i) function(i);
    }
    tiles.end();
  });
}

}  // namespace fdl::kernels
