#include "lib/catalog/pictures.h"

#include <fmt/format.h>

namespace fdl::catalog {

ChangedType picture(const TensorType& sample) {
  const std::size_t rank = sample.shape.size();
  if (rank >= 2 && sample.shape[rank - 1].is_number() && sample.shape[rank - 2].is_number() &&
      num_elements(sample.shape).is_number())
    return sample;
  return tl::unexpected<std::string>("it takes pictures, whose last two axes are height and width");
}

ChangedType resized(const TensorType& sample, const std::array<std::int64_t, 2>& size) {
  ChangedType out = picture(sample);
  if (!out) return out;
  for (std::size_t i = 0; i < 2; ++i) out->shape[out->shape.size() - 2 + i] = size[i];
  return out;
}

ChangedType cropped(const TensorType& sample, const std::array<std::int64_t, 2>& size,
                    std::int64_t frame) {
  const ChangedType whole = picture(sample);
  if (!whole) return whole;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t own = whole->shape[whole->shape.size() - 2 + i].number();
    if (size[i] > own + 2 * frame)
      return tl::unexpected<std::string>(
          fmt::format("a part of {} does not fit into {}", size[i], own + 2 * frame));
  }
  return resized(sample, size);
}

}  // namespace fdl::catalog
