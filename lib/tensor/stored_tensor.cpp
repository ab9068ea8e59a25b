#include "lib/tensor/stored_tensor.h"

#include <algorithm>

#include <ATen/ops/empty.h>

#include "lib/base/check.h"
#include "lib/tensor/dtype.h"

namespace fdl::tensor {
namespace {

std::span<std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

}  // namespace

Result<void> read_stored(const weights::WeightFiles& files, const weights::StoredTensor& stored,
                         const at::Tensor& target) {
  if (!target.device().is_cpu()) {
    const at::Tensor here = at::empty(target.sizes(), target.scalar_type());
    FDL_TRY(read_stored(files, stored, here));
    target.detach().copy_(here);
    return {};
  }
  const at::Tensor flat = target.detach().view({-1});
  FDL_CHECK(static_cast<std::uint64_t>(flat.numel()) == stored.num_elements());
  const at::ScalarType dtype = scalar_type(stored.dtype);
  if (dtype == flat.scalar_type()) return files.read(stored, 0, bytes_of(flat));
  const auto element_bytes = static_cast<std::int64_t>(format::element_bytes(stored.dtype));
  const std::int64_t most = static_cast<std::int64_t>(weights::kPieceBytes) / element_bytes;
  const at::Tensor piece = at::empty({std::min(most, flat.numel())}, dtype);
  for (std::int64_t at = 0; at < flat.numel(); at += most) {
    const std::int64_t count = std::min(most, flat.numel() - at);
    const at::Tensor part = piece.narrow(0, 0, count);
    FDL_TRY(files.read(stored, static_cast<std::uint64_t>(at * element_bytes), bytes_of(part)));
    flat.narrow(0, at, count).copy_(part);
  }
  return {};
}

}  // namespace fdl::tensor
