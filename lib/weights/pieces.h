#pragma once

#include <algorithm>
#include <vector>

#include "lib/weights/weight_files.h"

namespace fdl::weights {

// Calls `use` with the bytes of `tensor`, kPieceBytes at a time, in order.
template <typename Use>
Result<void> for_each_piece(const WeightFiles& files, const StoredTensor& tensor, Use use) {
  std::vector<std::byte> piece(std::min(kPieceBytes, tensor.num_bytes));
  for (std::uint64_t from = 0; from < tensor.num_bytes; from += kPieceBytes) {
    const std::span<std::byte> bytes(piece.data(), std::min(kPieceBytes, tensor.num_bytes - from));
    FDL_TRY(files.read(tensor, from, bytes));
    FDL_TRY(use(bytes));
  }
  return {};
}

}  // namespace fdl::weights
