#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct ToF32Params {};

inline EntrySpec to_f32_spec() {
  using P = ToF32Params;
  return declare_entry<P>("to_f32",
                          "Turn bytes 0..255 into numbers 0..1; other numbers keep their size.")
      .changes([](const P&, const TensorType& sample) -> ChangedType {
        return TensorType{DType::F32, sample.shape};
      })
      .source("torchvision ToTensor");
}

}  // namespace fdl::catalog
