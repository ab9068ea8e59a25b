#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fdl::cuda {

enum class UpdateKind : std::uint8_t {
#define FDL_UPDATE(header, Rule) Rule,
#include "lib/cuda/updates.inc"
#undef FDL_UPDATE
};

// One parameter, in f32 on the device.
struct UpdatePlace {
  static constexpr int kMostSlots = 3, kMostNumbers = 2;

  float* parameter;
  const float* gradient;
  float* slots[kMostSlots];      // as many as the rule has, of as many elements
  float* numbers[kMostNumbers];  // likewise, one number each
  const float* step;             // its number of updates with this one
  std::int64_t num_elements;
};

// One update of several parameters by one of the rules in lib/cuda/updates.
struct UpdateTask {
  UpdateKind kind;
  std::span<const std::byte> rule;  // the settings
  std::span<const UpdatePlace> places;
  // The learning rate; in f32, so that it is the same number from here and from there.
  float lr = 0;
  const float* lr_on_device = nullptr;  // where given, instead
  const float* skips = nullptr;  // on the device: where it is given and not 0, nothing changes
};

}  // namespace fdl::cuda
