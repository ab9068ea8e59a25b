#include "lib/catalog/combined.h"

namespace fdl::catalog {

TypeResult combined_type(const TensorType& a, const TensorType& b) {
  const auto shape = broadcast(a.shape, b.shape);
  if (!shape || a.dtype != b.dtype) return tl::unexpected(cannot_combine(a, b));
  return std::vector<TensorType>{{a.dtype, *shape}};
}

TypeResult matrix_product(const TensorType& a, const TensorType& b) {
  // With fewer, libtorch would take the batch for the rows or columns of a matrix.
  if (a.shape.size() < 3 || b.shape.size() < 3)
    return tl::unexpected(std::string("both inputs need at least 3 axes: the batch and a matrix"));
  const Shape a_outer(a.shape.begin(), a.shape.end() - 2),
      b_outer(b.shape.begin(), b.shape.end() - 2);
  auto out = broadcast(a_outer, b_outer);
  const Dim &rows = a.shape.end()[-2], &columns = b.shape.back();
  if (!out || a.dtype != b.dtype || !(a.shape.back() == b.shape.end()[-2]))
    return tl::unexpected(cannot_combine(a, b));
  out->push_back(rows);
  out->push_back(columns);
  return std::vector<TensorType>{{a.dtype, *std::move(out)}};
}

}  // namespace fdl::catalog
