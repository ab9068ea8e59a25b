#include "lib/catalog/modules/slice.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor slice(const catalog::SliceParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  const std::int64_t size = x.size(p.dim), end = p.stop.value_or(size);
  const std::int64_t start = p.start < 0 ? p.start + size : p.start,
                     stop = end < 0 ? end + size : end;
  TORCH_CHECK(0 <= start && start < stop && stop <= size, "slice takes places ", p.start, " to ",
              end, " of axis ", p.dim, ", but that has only ", size);
  return x.slice(p.dim, start, stop, p.step);
}

}  // namespace

Forward forward_slice() { return forward_of(slice); }

}  // namespace fdl::nn
