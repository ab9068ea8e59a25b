#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct ToF32Params {};

inline EntrySpec to_f32_spec() {
  return declare_entry<ToF32Params>("to_f32", "Turn bytes 0..255 into numbers 0..1.")
      .source("torchvision ToTensor");
}

}  // namespace fdl::catalog
