#include "lib/exec/merge.h"

#include <functional>

#include <ATen/ops/cat.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/stack.h>

#include "lib/base/check.h"

namespace fdl::exec {
namespace {

at::Tensor fold(const std::vector<at::Tensor>& branches,
                at::Tensor (*join)(const at::Tensor&, const at::Tensor&)) {
  at::Tensor out = branches.front();
  for (std::size_t i = 1; i < branches.size(); ++i) out = join(out, branches[i]);
  return out;
}

at::Tensor sum(const at::Tensor& a, const at::Tensor& b) { return a.add(b); }
at::Tensor product(const at::Tensor& a, const at::Tensor& b) { return a.mul(b); }

}  // namespace

at::Tensor merge(graph::MergeKind kind, std::int64_t dim, const std::vector<at::Tensor>& branches) {
  using graph::MergeKind;
  switch (kind) {
    case MergeKind::Add:
      return fold(branches, sum);
    case MergeKind::Mean:
      return fold(branches, sum).div(static_cast<double>(branches.size()));
    case MergeKind::Mul:
      return fold(branches, product);
    case MergeKind::Max:
      return fold(branches, at::maximum);
    case MergeKind::Min:
      return fold(branches, at::minimum);
    case MergeKind::Stack:
      return at::stack(branches, dim);
    case MergeKind::Concat:
      return at::cat(branches, dim);
  }
  FDL_CHECK(!"a merge without a meaning");
  return {};
}

}  // namespace fdl::exec
