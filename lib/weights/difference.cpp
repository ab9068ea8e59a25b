#include "lib/weights/difference.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "lib/weights/numbers.h"
#include "lib/weights/pieces.h"

namespace fdl::weights {
namespace {

using ByName = std::map<std::string_view, const StoredTensor*>;

ByName by_name(const WeightFiles& files) {
  ByName out;
  for (const StoredTensor& tensor : files.tensors) out[tensor.name] = &tensor;
  return out;
}

std::vector<std::string> only_in(const ByName& here, const ByName& other) {
  std::vector<std::string> out;
  for (const auto& [name, tensor] : here)
    if (other.count(name) == 0) out.emplace_back(name);
  return out;
}

void compare(const std::vector<double>& a, const std::vector<double>& b, Difference::Values& out) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    ++out.num_different;
    const double apart = std::abs(a[i] - b[i]);
    if (!(out.most >= apart) && !std::isnan(out.most)) out.most = apart;
  }
}

// Of two tensors of one type.
Result<Difference::Values> compare_values(const WeightFiles& a, const StoredTensor& in_a,
                                          const WeightFiles& b, const StoredTensor& in_b) {
  Difference::Values out;
  out.name = in_a.name;
  out.num_elements = in_a.num_elements();
  std::uint64_t from = 0;
  std::vector<std::byte> other;
  const auto add = [&](std::span<const std::byte> bytes) -> Result<void> {
    other.resize(bytes.size());
    FDL_TRY(b.read(in_b, from, other));
    from += bytes.size();
    if (!std::equal(bytes.begin(), bytes.end(), other.begin()))
      compare(decode(in_a.dtype, bytes), decode(in_b.dtype, other), out);
    return {};
  };
  FDL_TRY(for_each_piece(a, in_a, add));
  return out;
}

}  // namespace

Result<Difference> difference(const WeightFiles& a, const WeightFiles& b) {
  const ByName in_a = by_name(a), in_b = by_name(b);
  Difference out;
  out.only_a = only_in(in_a, in_b);
  out.only_b = only_in(in_b, in_a);
  for (const auto& [name, tensor] : in_a) {
    const auto other = in_b.find(name);
    if (other == in_b.end()) continue;
    if (tensor->dtype != other->second->dtype || tensor->shape != other->second->shape) {
      out.types.push_back({std::string(name), tensor->type_text(), other->second->type_text()});
      continue;
    }
    const auto values = compare_values(a, *tensor, b, *other->second);
    if (!values) return fail(values.error());
    if (values->num_different > 0)
      out.values.push_back(*values);
    else
      ++out.num_equal;
  }
  return out;
}

}  // namespace fdl::weights
