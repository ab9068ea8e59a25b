#include "lib/catalog/channels_last.h"

#include <map>
#include <optional>
#include <utility>

#include "lib/base/machine.h"
#include "lib/catalog/modules/conv2d.h"
#include "lib/catalog/modules/conv_transpose2d.h"

namespace fdl::catalog {
namespace {

// Points of a filter for each of its numbers, [A x A x phases] of [I, J] as in kernels/winograd.h;
// none of those that it can not filter.
template <typename P>
std::optional<std::pair<std::int64_t, std::int64_t>> points_of(const P& p) {
  const auto has = [&](std::int64_t kernel, std::int64_t stride) {
    return p.kernel_size == filled<2>(kernel) && p.stride == filled<2>(stride) &&
           p.dilation == filled<2>(1) && p.groups == 1;
  };
  if (has(3, 1)) return std::pair(16, 9);
  if (has(4, 2)) return std::pair(36, 16);
  return std::nullopt;
}

// So many filters at once, in the order of the kernel, and what comes of it; or points.
template <typename P>
Count filters(std::int64_t count, bool by_winograd) {
  return [=](const void* params, const std::vector<TensorType>& inputs, const auto&) {
    const P& p = *static_cast<const P*>(params);
    const Dim bytes = filter_bytes(p, inputs.front());
    const auto points = by_winograd ? points_of(p) : std::nullopt;
    return points ? floor_div(bytes * Dim(points->first), points->second) : Dim(count) * bytes;
  };
}

template <typename P>
HeldMemory memory_of(bool by_winograd) {
  return {{}, filters<P>(1, by_winograd), filters<P>(2, by_winograd)};
}

using Memories = std::map<std::string_view, HeldMemory>;

Memories memories(bool by_winograd) {
  return {{"conv2d", memory_of<Conv2dParams>(by_winograd)},
          {"conv_transpose2d", memory_of<ConvTranspose2dParams>(by_winograd)}};
}

}  // namespace

bool puts_channels_last(const Passes& passes) {
  const bool has_tiles = passes.products && has_matrix_tiles();
  return passes.layout && cpu_vectors() != CpuVectors::None && !has_tiles;
}

const HeldMemory* channels_last_memory(std::string_view module, bool by_winograd) {
  static const Memories kPlain = memories(false), kByWinograd = memories(true);
  const Memories& all = by_winograd ? kByWinograd : kPlain;
  const auto found = all.find(module);
  return found == all.end() ? nullptr : &found->second;
}

}  // namespace fdl::catalog
