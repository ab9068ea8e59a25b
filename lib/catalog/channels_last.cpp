#include "lib/catalog/channels_last.h"

#include <map>

#include "lib/base/machine.h"
#include "lib/catalog/modules/conv2d.h"
#include "lib/catalog/modules/conv_transpose2d.h"

namespace fdl::catalog {
namespace {

// So many filters at once: in the order of the kernel, and what comes of it.
template <typename P>
Count filters(std::int64_t count) {
  return [count](const void* params, const std::vector<TensorType>& inputs, const auto&) {
    return Dim(count) * filter_bytes(*static_cast<const P*>(params), inputs.front());
  };
}

template <typename P>
HeldMemory memory_of() {
  return {{}, filters<P>(1), filters<P>(2)};
}

}  // namespace

bool puts_channels_last(const Passes& passes) {
  const bool has_tiles = passes.products && has_matrix_tiles();
  return passes.layout && has_avx512() && !has_tiles;
}

const HeldMemory* channels_last_memory(std::string_view module) {
  static const std::map<std::string_view, HeldMemory> kAll = {
      {"conv2d", memory_of<Conv2dParams>()},
      {"conv_transpose2d", memory_of<ConvTranspose2dParams>()}};
  const auto found = kAll.find(module);
  return found == kAll.end() ? nullptr : &found->second;
}

}  // namespace fdl::catalog
