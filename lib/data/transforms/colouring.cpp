// Transforms of colours: f32 pictures in 0..1.
#include <algorithm>

#include "lib/catalog/transforms/color_jitter.h"
#include "lib/data/transforms/stage.h"

namespace fdl::data {
namespace {

using tensor::StreamKey;

// Weights of red, green and blue in grey: ITU-R BT.601.
constexpr float kGrey[] = {0.299F, 0.587F, 0.114F};

class ColorJitter : public Stage {
 public:
  ColorJitter(const Pictures& in, const catalog::ColorJitterParams& p) : Stage(in, in), p_(p) {}

  void apply(const std::byte* from, std::byte* to, StreamKey key) const override {
    tensor::RandomStream stream(key);
    const auto factor = [&](double most) {
      return static_cast<float>(1 + most * (2 * stream.uniform() - 1));
    };
    const float brightness = factor(p_.brightness), contrast = factor(p_.contrast),
                saturation = factor(p_.saturation);
    const std::int64_t size = in().height * in().width;
    const auto* source = reinterpret_cast<const float*>(from);
    auto* x = reinterpret_cast<float*>(to);
    for (std::int64_t i = 0; i < in().num_elements(); ++i) x[i] = limited(source[i] * brightness);
    if (p_.contrast > 0) {
      double sum = 0;
      for (std::int64_t i = 0; i < size; ++i) sum += grey(x, i, size);
      blend(x, contrast,
            [mean = static_cast<float>(sum / static_cast<double>(size))](std::int64_t) {
              return mean;
            });
    }
    if (p_.saturation > 0) blend(x, saturation, [&](std::int64_t i) { return grey(x, i, size); });
  }

 private:
  static float limited(float x) { return std::clamp(x, 0.0F, 1.0F); }

  float grey(const float* x, std::int64_t i, std::int64_t size) const {
    if (in().planes != 3) return x[i];
    return kGrey[0] * x[i] + kGrey[1] * x[size + i] + kGrey[2] * x[2 * size + i];
  }
  // Moves every pixel away from `other`, or towards it.
  template <typename F>
  void blend(float* x, float factor, F other) const {
    const std::int64_t size = in().height * in().width;
    for (std::int64_t i = 0; i < size; ++i) {
      const float base = other(i);
      for (std::int64_t plane = 0; plane < in().planes; ++plane) {
        float& one = x[plane * size + i];
        one = limited(factor * one + (1 - factor) * base);
      }
    }
  }

  catalog::ColorJitterParams p_;
};

}  // namespace

std::unique_ptr<Stage> make_colouring(const catalog::Choice& choice, const Pictures& in) {
  if (choice.name() != "color_jitter") return nullptr;
  return std::make_unique<ColorJitter>(in, choice.as<catalog::ColorJitterParams>());
}

}  // namespace fdl::data
