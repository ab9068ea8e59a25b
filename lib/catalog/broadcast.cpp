#include "lib/catalog/broadcast.h"

namespace fdl::catalog {

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  const std::size_t offset = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    Dim& mine = out[offset + i];
    if (mine == shorter[i] || shorter[i] == Dim(1)) continue;
    if (!(mine == Dim(1))) return std::nullopt;
    mine = shorter[i];
  }
  return out;
}

std::string cannot_combine(const TensorType& a, const TensorType& b) {
  return to_string(a) + " and " + to_string(b) + " cannot be combined";
}

}  // namespace fdl::catalog
