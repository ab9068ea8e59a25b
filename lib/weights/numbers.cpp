#include "lib/weights/numbers.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "lib/base/check.h"

namespace fdl::weights {
namespace {

using format::SafetensorsDtype;

// A 16-bit float as `kExponentBits` of exponent and the rest of fraction.
template <int kExponentBits>
struct Small {
  static constexpr int kFractionBits = 15 - kExponentBits;
  static constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  static constexpr unsigned kMostExponent = (1U << kExponentBits) - 1;
  static constexpr unsigned kFractionMask = (1U << kFractionBits) - 1;

  static double decode(std::uint16_t bits) {
    const unsigned exponent = (bits >> kFractionBits) & kMostExponent;
    const unsigned fraction = bits & kFractionMask;
    double out = 0;
    if (exponent == kMostExponent) {
      out = fraction == 0 ? std::numeric_limits<double>::infinity()
                          : std::numeric_limits<double>::quiet_NaN();
    } else if (exponent == 0) {
      out = std::ldexp(fraction, 1 - kBias - kFractionBits);
    } else {
      out = std::ldexp(fraction + kFractionMask + 1,
                       static_cast<int>(exponent) - kBias - kFractionBits);
    }
    return (bits & 0x8000U) != 0 ? -out : out;
  }

  static std::uint16_t encode(double value) {
    const unsigned sign = std::signbit(value) ? 0x8000U : 0U;
    if (std::isnan(value))
      return static_cast<std::uint16_t>(sign | kMostExponent << kFractionBits | 1U);
    int exponent = 0;
    std::frexp(value, &exponent);  // |value| in [2^(exponent - 1), 2^exponent)
    const int lowest = 1 - kBias;  // exponent of subnormal numbers
    const int scale = std::max(exponent - 1, lowest) - kFractionBits;
    // Counts steps of the last place; nearbyint rounds ties to even.
    double steps = std::isfinite(value) ? std::nearbyint(std::ldexp(std::abs(value), -scale)) : 0;
    auto biased = static_cast<unsigned>(scale + kFractionBits + kBias);
    if (steps > 2 * kFractionMask + 1) {  // rounded up to the next power of two
      steps /= 2;
      ++biased;
    }
    if (!std::isfinite(value) || biased >= kMostExponent)
      return static_cast<std::uint16_t>(sign | kMostExponent << kFractionBits);
    const auto count = static_cast<unsigned>(steps);
    if (count <= kFractionMask) return static_cast<std::uint16_t>(sign | count);  // subnormal
    return static_cast<std::uint16_t>(sign | biased << kFractionBits | (count & kFractionMask));
  }
};

using Half = Small<5>;
using BFloat = Small<8>;

template <typename T, typename F>
std::vector<double> decode_as(std::span<const std::byte> bytes, F convert) {
  std::vector<double> out(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value{};
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = convert(value);
  }
  return out;
}

template <typename T>
std::vector<double> decode_as(std::span<const std::byte> bytes) {
  return decode_as<T>(bytes, [](T value) { return static_cast<double>(value); });
}

template <typename T, typename F>
std::vector<std::byte> encode_as(std::span<const double> numbers, F convert) {
  std::vector<std::byte> out(numbers.size() * sizeof(T));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const T value = convert(numbers[i]);
    std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
  }
  return out;
}

}  // namespace

std::vector<double> decode(SafetensorsDtype dtype, std::span<const std::byte> bytes) {
  switch (dtype) {
    case SafetensorsDtype::Bool:
    case SafetensorsDtype::U8:
      return decode_as<std::uint8_t>(bytes);
    case SafetensorsDtype::I8:
      return decode_as<std::int8_t>(bytes);
    case SafetensorsDtype::I16:
      return decode_as<std::int16_t>(bytes);
    case SafetensorsDtype::U16:
      return decode_as<std::uint16_t>(bytes);
    case SafetensorsDtype::I32:
      return decode_as<std::int32_t>(bytes);
    case SafetensorsDtype::U32:
      return decode_as<std::uint32_t>(bytes);
    case SafetensorsDtype::I64:
      return decode_as<std::int64_t>(bytes);
    case SafetensorsDtype::U64:
      return decode_as<std::uint64_t>(bytes);
    case SafetensorsDtype::F32:
      return decode_as<float>(bytes);
    case SafetensorsDtype::F64:
      return decode_as<double>(bytes);
    case SafetensorsDtype::F16:
      return decode_as<std::uint16_t>(bytes, Half::decode);
    case SafetensorsDtype::BF16:
      return decode_as<std::uint16_t>(bytes, BFloat::decode);
  }
  FDL_CHECK(false && "a dtype that is not decoded");
  return {};
}

bool is_floating(SafetensorsDtype dtype) {
  return dtype == SafetensorsDtype::F16 || dtype == SafetensorsDtype::BF16 ||
         dtype == SafetensorsDtype::F32 || dtype == SafetensorsDtype::F64;
}

std::vector<std::byte> encode(SafetensorsDtype dtype, std::span<const double> numbers) {
  FDL_CHECK(is_floating(dtype));
  if (dtype == SafetensorsDtype::F64) return encode_as<double>(numbers, [](double v) { return v; });
  if (dtype == SafetensorsDtype::F32)
    return encode_as<float>(numbers, [](double v) { return static_cast<float>(v); });
  return dtype == SafetensorsDtype::F16 ? encode_as<std::uint16_t>(numbers, Half::encode)
                                        : encode_as<std::uint16_t>(numbers, BFloat::encode);
}

}  // namespace fdl::weights
