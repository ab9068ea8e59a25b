#include "lib/tensor/dtype.h"

#include <utility>

#include "lib/base/check.h"

namespace fdl::tensor {
namespace {

using catalog::DType;
using format::SafetensorsDtype;

constexpr std::pair<DType, at::ScalarType> kManifestTypes[] = {
    {DType::F32, at::kFloat},     {DType::F64, at::kDouble}, {DType::F16, at::kHalf},
    {DType::BF16, at::kBFloat16}, {DType::I64, at::kLong},   {DType::I32, at::kInt},
    {DType::I16, at::kShort},     {DType::I8, at::kChar},    {DType::U8, at::kByte},
    {DType::Bool, at::kBool},
};

constexpr std::pair<SafetensorsDtype, at::ScalarType> kFileTypes[] = {
    {SafetensorsDtype::Bool, at::kBool},     {SafetensorsDtype::U8, at::kByte},
    {SafetensorsDtype::I8, at::kChar},       {SafetensorsDtype::I16, at::kShort},
    {SafetensorsDtype::U16, at::kUInt16},    {SafetensorsDtype::F16, at::kHalf},
    {SafetensorsDtype::BF16, at::kBFloat16}, {SafetensorsDtype::I32, at::kInt},
    {SafetensorsDtype::U32, at::kUInt32},    {SafetensorsDtype::F32, at::kFloat},
    {SafetensorsDtype::F64, at::kDouble},    {SafetensorsDtype::I64, at::kLong},
    {SafetensorsDtype::U64, at::kUInt64},
};

template <typename T, std::size_t N>
at::ScalarType find(const std::pair<T, at::ScalarType> (&table)[N], T wanted) {
  for (const auto& [ours, theirs] : table) {
    if (ours == wanted) return theirs;
  }
  FDL_CHECK(!"a dtype without a ScalarType");
  return at::kFloat;
}

}  // namespace

at::ScalarType scalar_type(DType dtype) { return find(kManifestTypes, dtype); }

at::ScalarType scalar_type(SafetensorsDtype dtype) { return find(kFileTypes, dtype); }

DType dtype_of(at::ScalarType dtype) {
  for (const auto& [ours, theirs] : kManifestTypes) {
    if (theirs == dtype) return ours;
  }
  FDL_CHECK(!"a ScalarType that manifests do not have");
  return DType::F32;
}

SafetensorsDtype safetensors_dtype(at::ScalarType dtype) {
  for (const auto& [ours, theirs] : kFileTypes) {
    if (theirs == dtype) return ours;
  }
  FDL_CHECK(!"a ScalarType that safetensors files do not have");
  return SafetensorsDtype::F32;
}

}  // namespace fdl::tensor
