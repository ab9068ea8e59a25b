#include "lib/format/safetensors_dtype.h"

#include <algorithm>
#include <array>

namespace fdl::format {
namespace {

struct DtypeRow {
  SafetensorsDtype dtype;
  std::string_view name;
  std::uint64_t num_bytes;
};

constexpr std::array<DtypeRow, 13> kDtypes{{
    {SafetensorsDtype::Bool, "BOOL", 1},
    {SafetensorsDtype::U8, "U8", 1},
    {SafetensorsDtype::I8, "I8", 1},
    {SafetensorsDtype::I16, "I16", 2},
    {SafetensorsDtype::U16, "U16", 2},
    {SafetensorsDtype::F16, "F16", 2},
    {SafetensorsDtype::BF16, "BF16", 2},
    {SafetensorsDtype::I32, "I32", 4},
    {SafetensorsDtype::U32, "U32", 4},
    {SafetensorsDtype::F32, "F32", 4},
    {SafetensorsDtype::F64, "F64", 8},
    {SafetensorsDtype::I64, "I64", 8},
    {SafetensorsDtype::U64, "U64", 8},
}};

const DtypeRow& row(SafetensorsDtype dtype) { return kDtypes[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::string dtype_names() {
  std::string out;
  for (const DtypeRow& one : kDtypes) out += (out.empty() ? "" : ", ") + std::string(one.name);
  return out;
}

std::string_view to_string(SafetensorsDtype dtype) { return row(dtype).name; }

std::uint64_t element_bytes(SafetensorsDtype dtype) { return row(dtype).num_bytes; }

std::optional<SafetensorsDtype> dtype_from_name(std::string_view name) {
  for (const DtypeRow& one : kDtypes)
    if (one.name == name) return one.dtype;
  return std::nullopt;
}

std::optional<std::uint64_t> shape_bytes(std::span<const std::int64_t> shape,
                                         SafetensorsDtype dtype) {
  auto product = static_cast<std::int64_t>(element_bytes(dtype));
  bool is_empty = false;
  for (const std::int64_t dim : shape) {
    is_empty = is_empty || dim == 0;
    if (dim < 0 || __builtin_mul_overflow(product, std::max<std::int64_t>(dim, 1), &product))
      return std::nullopt;
  }
  return is_empty ? 0 : static_cast<std::uint64_t>(product);
}

}  // namespace fdl::format
