// Transforms that look up each pixel of the result somewhere in the picture: rotation and scaling.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include <ATen/Dispatch.h>

#include "lib/catalog/transforms/random_rotate.h"
#include "lib/catalog/transforms/resize.h"
#include "lib/data/transforms/stage.h"

namespace fdl::data {
namespace {

using tensor::StreamKey;

// A place in the picture, in pixels from the middle of the first one.
struct Spot {
  double y = 0, x = 0;
};

// The pixel at whole coordinates, or the fill outside.
template <typename T>
T pixel(const T* plane, const Pictures& in, double y, double x, double fill) {
  const bool is_inside = y >= 0 && x >= 0 && y <= static_cast<double>(in.height - 1) &&
                         x <= static_cast<double>(in.width - 1);
  if (!is_inside) return static_cast<T>(fill);
  return plane[static_cast<std::int64_t>(y) * in.width + static_cast<std::int64_t>(x)];
}

float between(const float* plane, const Pictures& in, const Spot& at, double fill) {
  const double y = std::floor(at.y), x = std::floor(at.x), down = at.y - y, right = at.x - x;
  const auto value = [&](double dy, double dx) {
    return static_cast<double>(pixel(plane, in, y + dy, x + dx, fill));
  };
  // A weight of 0 asks for no pixel, which may lie outside.
  const auto along = [&](double dy) {
    return right > 0 ? value(dy, 0) * (1 - right) + value(dy, 1) * right : value(dy, 0);
  };
  return static_cast<float>(down > 0 ? along(0) * (1 - down) + along(1) * down : along(0));
}

// Fills the result; `spot(y, x)` is where a pixel of it lies in the picture.
template <typename T, typename F>
void look_up(const Stage& stage, const std::byte* from, std::byte* to, double fill, F spot) {
  const Pictures &in = stage.in(), &out = stage.out();
  auto* result = reinterpret_cast<T*>(to);
  for (std::int64_t i = 0; i < out.planes; ++i) {
    const T* plane = reinterpret_cast<const T*>(from) + i * in.height * in.width;
    for (std::int64_t y = 0; y < out.height; ++y) {
      for (std::int64_t x = 0; x < out.width; ++x) {
        const Spot at = spot(y, x);
        if constexpr (std::is_same_v<T, float>)
          *result++ = between(plane, in, at, fill);
        else
          *result++ = pixel(plane, in, std::floor(at.y + 0.5), std::floor(at.x + 0.5), fill);
      }
    }
  }
}

template <typename F>
void look_up_any(const Stage& stage, const std::byte* from, std::byte* to, double fill, F spot) {
  AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, stage.in().dtype, "look_up",
                             [&] { look_up<scalar_t>(stage, from, to, fill, spot); });
}

class Rotate : public Stage {
 public:
  Rotate(const Pictures& in, const catalog::RandomRotateParams& p) : Stage(in, in), p_(p) {}

  void apply(const std::byte* from, std::byte* to, StreamKey key) const override {
    const double turn = 2 * tensor::RandomStream(key).uniform() - 1;
    const double angle = turn * p_.degrees * std::numbers::pi / 180;
    const double sine = std::sin(angle), cosine = std::cos(angle);
    const double middle_y = static_cast<double>(in().height - 1) / 2;
    const double middle_x = static_cast<double>(in().width - 1) / 2;
    look_up_any(*this, from, to, p_.fill, [&](std::int64_t y, std::int64_t x) {
      const double dy = static_cast<double>(y) - middle_y, dx = static_cast<double>(x) - middle_x;
      return Spot{middle_y + cosine * dy - sine * dx, middle_x + sine * dy + cosine * dx};
    });
  }

 private:
  catalog::RandomRotateParams p_;
};

class Resize : public Stage {
 public:
  using Stage::Stage;

  void apply(const std::byte* from, std::byte* to, StreamKey) const override {
    const double down = static_cast<double>(in().height) / static_cast<double>(out().height);
    const double right = static_cast<double>(in().width) / static_cast<double>(out().width);
    const bool is_smooth = in().dtype == at::kFloat;
    // Interpolation looks at middles of pixels, the nearest pixel is found from its corner.
    const auto along = [&](std::int64_t at, double scale, std::int64_t size) {
      const double place = is_smooth ? (static_cast<double>(at) + 0.5) * scale - 0.5
                                     : std::floor(static_cast<double>(at) * scale);
      return std::clamp<double>(place, 0, static_cast<double>(size - 1));
    };
    look_up_any(*this, from, to, 0, [&](std::int64_t y, std::int64_t x) {
      return Spot{along(y, down, in().height), along(x, right, in().width)};
    });
  }
};

}  // namespace

std::unique_ptr<Stage> make_sampling(const catalog::Choice& choice, const Pictures& in) {
  if (choice.name() == "random_rotate")
    return std::make_unique<Rotate>(in, choice.as<catalog::RandomRotateParams>());
  if (choice.name() != "resize") return nullptr;
  Pictures out = in;
  out.height = choice.as<catalog::ResizeParams>().size[0];
  out.width = choice.as<catalog::ResizeParams>().size[1];
  return std::make_unique<Resize>(in, out);
}

}  // namespace fdl::data
