// Transforms that move pixels and change none: crops, flips, and covering.
#include <algorithm>
#include <array>
#include <cstring>

#include <ATen/Dispatch.h>

#include "lib/catalog/transforms/center_crop.h"
#include "lib/catalog/transforms/random_crop.h"
#include "lib/catalog/transforms/random_cutout.h"
#include "lib/catalog/transforms/random_hflip.h"
#include "lib/catalog/transforms/random_vflip.h"
#include "lib/data/transforms/stage.h"

namespace fdl::data {
namespace {

using tensor::RandomStream;
using tensor::StreamKey;
// One element's bytes.
using Element = std::array<std::byte, 8>;

Element element_of(at::ScalarType dtype, double value) {
  Element out{};
  AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, dtype, "fill", [&] {
    const auto typed = static_cast<scalar_t>(value);
    std::memcpy(out.data(), &typed, sizeof typed);
  });
  return out;
}

std::int64_t below(RandomStream& stream, std::int64_t limit) {
  return static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(limit)));
}

// A part of the picture, which may reach beyond it.
class Crop : public Stage {
 public:
  Crop(const Pictures& in, const Pictures& out, std::int64_t frame, double fill, bool draws)
      : Stage(in, out), frame_(frame), fill_(element_of(in.dtype, fill)), draws_(draws) {}

  void apply(const std::byte* from, std::byte* to, StreamKey key) const override {
    const std::int64_t room_y = in().height + 2 * frame_ - out().height;
    const std::int64_t room_x = in().width + 2 * frame_ - out().width;
    RandomStream stream(key);
    const std::int64_t top = (draws_ ? below(stream, room_y + 1) : room_y / 2) - frame_;
    const std::int64_t left = (draws_ ? below(stream, room_x + 1) : room_x / 2) - frame_;
    const std::size_t bytes = in().element_bytes();
    // Columns of the result that lie within the picture.
    const std::int64_t begin = std::clamp<std::int64_t>(-left, 0, out().width);
    const std::int64_t end = std::clamp<std::int64_t>(in().width - left, begin, out().width);
    for (std::int64_t plane = 0; plane < out().planes; ++plane) {
      for (std::int64_t y = top; y < top + out().height; ++y) {
        const bool is_inside = y >= 0 && y < in().height && begin < end;
        if (!is_inside || begin > 0 || end < out().width) fill_row(to);
        if (is_inside)
          std::memcpy(to + static_cast<std::size_t>(begin) * bytes,
                      from + static_cast<std::size_t>((plane * in().height + y) * in().width +
                                                      left + begin) *
                                 bytes,
                      static_cast<std::size_t>(end - begin) * bytes);
        to += static_cast<std::size_t>(out().width) * bytes;
      }
    }
  }

 private:
  void fill_row(std::byte* to) const {
    for (std::int64_t x = 0; x < out().width; ++x, to += in().element_bytes())
      std::memcpy(to, fill_.data(), in().element_bytes());
  }

  std::int64_t frame_;
  Element fill_;
  bool draws_;
};

class Flip : public Stage {
 public:
  Flip(const Pictures& in, double p, bool is_sideways)
      : Stage(in, in), p_(p), is_sideways_(is_sideways) {}

  void apply(const std::byte* from, std::byte* to, StreamKey key) const override {
    const std::size_t bytes = in().element_bytes();
    const std::size_t row = static_cast<std::size_t>(in().width) * bytes;
    const bool flips = RandomStream(key).uniform() < p_;
    if (!flips) {
      std::memcpy(to, from, static_cast<std::size_t>(in().num_elements()) * bytes);
      return;
    }
    for (std::int64_t i = 0; i < in().planes * in().height; ++i, to += row) {
      const std::int64_t y = i % in().height;
      const std::int64_t source = is_sideways_ ? i : i - y + in().height - 1 - y;
      const std::byte* line = from + static_cast<std::size_t>(source) * row;
      if (!is_sideways_) {
        std::memcpy(to, line, row);
        continue;
      }
      for (std::size_t x = 0; x < row; x += bytes)
        std::memcpy(to + x, line + row - bytes - x, bytes);
    }
  }

 private:
  double p_;
  bool is_sideways_;
};

class Cutout : public Stage {
 public:
  Cutout(const Pictures& in, const catalog::RandomCutoutParams& p)
      : Stage(in, in), p_(p), fill_(element_of(in.dtype, p.fill)) {}

  // The middle of the square is anywhere in the picture, so that it may reach out of it.
  void apply(const std::byte* from, std::byte* to, StreamKey key) const override {
    const std::size_t bytes = in().element_bytes();
    std::memcpy(to, from, static_cast<std::size_t>(in().num_elements()) * bytes);
    RandomStream stream(key);
    const bool covers = stream.uniform() < p_.p;
    const std::int64_t top = below(stream, in().height) - p_.size / 2;
    const std::int64_t left = below(stream, in().width) - p_.size / 2;
    if (!covers) return;
    for (std::int64_t plane = 0; plane < in().planes; ++plane) {
      for (std::int64_t y = std::max<std::int64_t>(top, 0);
           y < std::min(top + p_.size, in().height); ++y) {
        for (std::int64_t x = std::max<std::int64_t>(left, 0);
             x < std::min(left + p_.size, in().width); ++x) {
          const std::int64_t at = (plane * in().height + y) * in().width + x;
          std::memcpy(to + static_cast<std::size_t>(at) * bytes, fill_.data(), bytes);
        }
      }
    }
  }

 private:
  catalog::RandomCutoutParams p_;
  Element fill_;
};

Pictures with_size(Pictures in, const std::array<std::int64_t, 2>& size) {
  in.height = size[0];
  in.width = size[1];
  return in;
}

}  // namespace

std::unique_ptr<Stage> make_moving(const catalog::Choice& choice, const Pictures& in) {
  if (choice.name() == "random_crop") {
    const auto& p = choice.as<catalog::RandomCropParams>();
    return std::make_unique<Crop>(in, with_size(in, p.size), p.padding, p.fill, true);
  }
  if (choice.name() == "center_crop") {
    const auto& p = choice.as<catalog::CenterCropParams>();
    return std::make_unique<Crop>(in, with_size(in, p.size), 0, 0, false);
  }
  if (choice.name() == "random_hflip")
    return std::make_unique<Flip>(in, choice.as<catalog::RandomHflipParams>().p, true);
  if (choice.name() == "random_vflip")
    return std::make_unique<Flip>(in, choice.as<catalog::RandomVflipParams>().p, false);
  if (choice.name() == "random_cutout")
    return std::make_unique<Cutout>(in, choice.as<catalog::RandomCutoutParams>());
  return nullptr;
}

}  // namespace fdl::data
