// Compiled for AMX and AVX-512: nothing here may be called unless the CPU has both.
#include <immintrin.h>

#include "lib/kernels/tiles.h"

namespace fdl::kernels {
namespace {

constexpr std::int64_t kTile = 16 * 32, kPart = 2 * kTile;  // numbers
constexpr int kLanes = 16;

struct alignas(64) TileShapes {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

constexpr TileShapes kShapes;

void begin() { _tile_loadconfig(&kShapes); }
void end() { _tile_release(); }

using Block = __m512[kLanes];

inline __mmask16 first(std::int64_t num) {
  if (num >= kLanes) return 0xffff;
  return num <= 0 ? __mmask16{0} : static_cast<__mmask16>((1U << num) - 1);
}

inline __m512i counting() {
  return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

inline __m512 gather(__mmask16 mask, __m512i places, const float* from) {
  return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, places, from, 4);
}

inline void load(const PanelSource& from, const float* data, std::int64_t rows, std::int64_t lanes,
                 Block& out) {
  const __mmask16 mask = first(lanes);
  if (from.apart != 1) {
    const __m512i places =
        _mm512_mullo_epi32(counting(), _mm512_set1_epi32(static_cast<int>(from.apart)));
    for (int i = 0; i < kLanes; ++i)
      out[i] =
          gather(i < rows ? mask : __mmask16{0}, places, data + (i < rows ? i : 0) * from.stride);
    return;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i)
    out[i] = i < rows ? _mm512_maskz_loadu_ps(mask, data + i * from.stride) : _mm512_setzero_ps();
}

// Swaps rows and lanes.
inline void turn(Block& x) {
  __m512 y[kLanes];
#pragma GCC unroll 8
  for (int i = 0; i < kLanes; i += 2) {
    y[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kLanes; i += 4) {
    const auto pair = [&](int j) { return _mm512_castps_pd(y[i + j]); };
    x[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(pair(0), pair(2)));
    x[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(pair(0), pair(2)));
    x[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(pair(1), pair(3)));
    x[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(pair(1), pair(3)));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512 a = _mm512_shuffle_f32x4(x[i], x[i + 4], 0x88);
    const __m512 b = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0x88);
    const __m512 c = _mm512_shuffle_f32x4(x[i], x[i + 4], 0xdd);
    const __m512 d = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0xdd);
    y[i] = _mm512_shuffle_f32x4(a, b, 0x88);
    y[i + 4] = _mm512_shuffle_f32x4(c, d, 0x88);
    y[i + 8] = _mm512_shuffle_f32x4(a, b, 0xdd);
    y[i + 12] = _mm512_shuffle_f32x4(c, d, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) x[i] = y[i];
}

// The upper half of each number: what bf16 keeps of it, to the nearest.
inline __m512i upper(__m512 x) {
  const __m512i bits = _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x8000));
  return _mm512_and_si512(bits, _mm512_set1_epi32(static_cast<int>(0xffff0000)));
}

inline __m512 rest(__m512 x, __m512i upper) { return _mm512_sub_ps(x, _mm512_castsi512_ps(upper)); }

// Tiles of one step: a tile's row i holds pairs of x[i] and y[i]. What can not be cut, as it is
// infinite, none, or rounds to infinity, leaves no number at the end.
inline void cut(const Block& x, const Block& y, std::uint16_t* out, std::int64_t stride,
                __mmask16& bad) {
#pragma GCC unroll 4
  for (int i = 0; i < kLanes; ++i) {
    __m512 a = x[i], b = y[i];
    for (int part = 0; part < 3; ++part) {
      if (part == 2) bad |= _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q);
      const __m512i low = upper(a), high = upper(b);
      _mm512_store_si512(out + part * stride + i * kStep,
                         _mm512_or_si512(_mm512_srli_epi32(low, 16), high));
      a = rest(a, low);
      b = rest(b, high);
    }
  }
}

// In a tile of a left factor a row is a row of it; in one of a right factor a row is a pair of k.
// Pairs are (k, k + 16), as two vectors give them.
template <bool turns>
bool pack_turned(const PanelSource& from, std::uint16_t* panels, std::int64_t stride) {
  __mmask16 bad = 0;
  for (std::int64_t k = 0; k < from.k; k += kStep, panels += kStepNumbers) {
    for (std::int64_t at = 0; at < from.num || at % kPanelRows != 0; at += kLanes) {
      const std::int64_t num = from.num - at, left = from.k - k;
      Block x, y;
      if (from.is_along_k) {
        const float* data = from.data + at * from.stride + k * from.apart;
        load(from, data, num, left, x);
        load(from, data + kLanes * from.apart, num, left - kLanes, y);
      } else {
        const float* data = from.data + k * from.stride + at * from.apart;
        load(from, data, left, num, x);
        load(from, data + kLanes * from.stride, left - kLanes, num, y);
      }
      if constexpr (turns) {
        turn(x);
        turn(y);
      }
      cut(x, y, panels + at / kPanelRows * stride + at % kPanelRows / kLanes * kTile, kPart, bad);
    }
  }
  return bad != 0;
}

bool pack(const PanelSource& from, bool is_left, std::uint16_t* panels, std::int64_t stride) {
  const auto function = from.is_along_k == is_left ? pack_turned<false> : pack_turned<true>;
  if (!from.is_along_k) return function(from, panels, stride);
  // Panel by panel: the CPU looks ahead in as many rows as one has, not in more.
  bool out = false;
  PanelSource panel = from;
  for (; panel.num > 0; panel.num -= kPanelRows, panel.data += kPanelRows * from.stride) {
    PanelSource one = panel;
    if (one.num > kPanelRows) one.num = kPanelRows;
    out |= function(one, panels, stride);
    panels += stride;
  }
  return out;
}

// Adds the products of one step: the nine of parts but the three smallest, whose sum lies below the
// last bit of the largest. Each pair of loads serves as many products as there are registers for.
inline void multiply_step(const std::uint16_t* left, LeftPlaces at, const std::uint16_t* right) {
  const std::int64_t bytes = at.row * 2, lower = kLanes * at.row;
#define LEFT(number)                              \
  _tile_loadd(4, left + (number)*at.part, bytes); \
  _tile_loadd(5, left + (number)*at.part + lower, bytes)
#define RIGHT(number)                         \
  _tile_loadd(6, right + (number)*kPart, 64); \
  _tile_loadd(7, right + (number)*kPart + kTile, 64)
#define MULTIPLY           \
  _tile_dpbf16ps(0, 4, 6); \
  _tile_dpbf16ps(1, 4, 7); \
  _tile_dpbf16ps(2, 5, 6); \
  _tile_dpbf16ps(3, 5, 7)
  LEFT(0);
  RIGHT(2);
  MULTIPLY;
  RIGHT(1);
  MULTIPLY;
  RIGHT(0);
  MULTIPLY;
  LEFT(2);
  MULTIPLY;
  LEFT(1);
  MULTIPLY;
  RIGHT(1);
  MULTIPLY;
#undef LEFT
#undef RIGHT
#undef MULTIPLY
}

inline void begin_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

inline void store_sums(float* out, std::int64_t stride) {
  const std::int64_t bytes = stride * 4;
  float* const below = out + kLanes * stride;
  _tile_stored(0, out, bytes);
  _tile_stored(1, out + kLanes, bytes);
  _tile_stored(2, below, bytes);
  _tile_stored(3, below + kLanes, bytes);
}

void multiply_whole(const std::uint16_t* left, const std::uint16_t* right, std::int64_t steps,
                    float* out, std::int64_t stride) {
  begin_sums();
  for (; steps > 0; --steps, left += kStepNumbers, right += kStepNumbers)
    multiply_step(left, {kStep, kPart}, right);
  store_sums(out, stride);
}

void multiply(const std::uint16_t* left, const std::uint16_t* right, std::int64_t steps, float* out,
              std::int64_t stride, std::int64_t rows, std::int64_t columns, bool adds) {
  if (!adds && rows == kPanelRows && columns == kPanelRows)
    return multiply_whole(left, right, steps, out, stride);
  // A sum that begins at zero is added as a whole: fewer roundings than one that goes on and on.
  alignas(64) float made[kPanelRows * kPanelRows];
  multiply_whole(left, right, steps, made, kPanelRows);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; j += kLanes) {
      const __mmask16 mask = first(columns - j);
      __m512 sum = _mm512_load_ps(made + i * kPanelRows + j);
      if (adds) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, out + i * stride + j));
      _mm512_mask_storeu_ps(out + i * stride + j, mask, sum);
    }
  }
}

// Where 16 pixels of a line lie, and whether as neighbours.
struct Places {
  explicit Places(const std::int32_t* where)
      : first(*where),
        at(_mm512_loadu_si512(where)),
        mask(_mm512_cmpge_epi32_mask(at, _mm512_setzero_si512())) {
    const __m512i in_row = _mm512_add_epi32(_mm512_set1_epi32(first), counting());
    is_row = first >= 0 && _mm512_cmpeq_epi32_mask(at, in_row) == 0xffff;
  }
  std::int32_t first;
  __m512i at;
  __mmask16 mask;
  bool is_row;
};

// 16 pixels of 16 planes: vectors of pixels.
inline void load_pixels(const Line& from, std::int64_t plane, std::int64_t at, Block& out) {
  const Places places(from.places + at);
  const float* data = from.data + plane * from.plane;
  const std::int64_t num = from.num_planes - plane;
  for (int i = 0; i < kLanes; ++i, data += from.plane) {
    if (i >= num)
      out[i] = _mm512_setzero_ps();
    else
      out[i] = places.is_row ? _mm512_loadu_ps(data + places.first)
                             : gather(places.mask, places.at, data);
  }
}

bool pack_pixels(const Line& from, std::uint16_t* out) {
  __mmask16 bad = 0;
  const std::int64_t part = from.num * kStep;
  for (std::int64_t plane = 0; plane < from.num_planes; plane += kStep, out += 3 * part) {
    for (std::int64_t at = 0; at < from.num; at += kLanes) {
      Block x, y;
      load_pixels(from, plane, at, x);
      load_pixels(from, plane + kLanes, at, y);
      turn(x);
      turn(y);
      cut(x, y, out + at * kStep, part, bad);
    }
  }
  return bad != 0;
}

bool pack_planes(const Line& from, std::uint16_t* out) {
  __mmask16 bad = 0;
  const std::int64_t planes = (from.num_planes + kPanelRows - 1) / kPanelRows * kPanelRows;
  for (std::int64_t plane = 0; plane < planes; plane += kLanes) {
    for (std::int64_t at = 0; at < from.num; at += kLanes) {
      Block x;
      load_pixels(from, plane, at, x);
      for (int i = 0; i < kLanes; ++i) {
        __m512 number = x[i];
        for (int part = 0; part < 3; ++part) {
          if (part == 2) bad |= _mm512_cmp_ps_mask(number, number, _CMP_UNORD_Q);
          const __m512i high = upper(number);
          std::uint16_t* const to = out + (part * planes + plane + i) * from.num + at;
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                              _mm512_cvtepi32_epi16(_mm512_srli_epi32(high, 16)));
          number = rest(number, high);
        }
      }
    }
  }
  return bad != 0;
}

bool pack_pairs(const Line& from, std::uint16_t* panels, std::int64_t stride) {
  __mmask16 bad = 0;
  for (std::int64_t plane = 0; plane < from.num_planes || plane % kPanelRows != 0;
       plane += kLanes) {
    std::uint16_t* out = panels + plane / kPanelRows * stride + plane % kPanelRows / kLanes * kTile;
    for (std::int64_t at = 0; at < from.num; at += kStep, out += kStepNumbers) {
      Block a, b, x, y;
      load_pixels(from, plane, at, a);
      load_pixels(from, plane, at + kLanes, b);
      turn(a);
      turn(b);
#pragma GCC unroll 8
      for (int i = 0; i < kLanes / 2; ++i) {
        x[i] = a[2 * i];
        y[i] = a[2 * i + 1];
        x[kLanes / 2 + i] = b[2 * i];
        y[kLanes / 2 + i] = b[2 * i + 1];
      }
      cut(x, y, out, kPart, bad);
    }
  }
  return bad != 0;
}

void multiply_steps(const TileStep* steps, std::int64_t num, LeftPlaces left, float* sum,
                    bool adds) {
  do {
    const std::int64_t some = num < kStepsOfSum ? num : kStepsOfSum;
    begin_sums();
    for (std::int64_t i = 0; i < some; ++i) multiply_step(steps[i].left, left, steps[i].right);
    if (!adds) {
      store_sums(sum, kPanelRows);
    } else {
      alignas(64) float made[kPanelRows * kPanelRows];
      store_sums(made, kPanelRows);
      for (std::int64_t i = 0; i < kPanelRows * kPanelRows; i += kLanes)
        _mm512_store_ps(sum + i, _mm512_add_ps(_mm512_load_ps(sum + i), _mm512_load_ps(made + i)));
    }
    adds = true;
    steps += some;
    num -= some;
  } while (num > 0);
}

void store_line(const float* sum, const float* addend, const std::int32_t* places, float* out,
                std::int64_t plane, std::int64_t num_planes) {
  for (std::int64_t at = 0; at < kPanelRows; at += kLanes) {
    const Places to(places + at);
    if (to.mask == 0) continue;
    for (std::int64_t first = 0; first < num_planes; first += kLanes) {
      Block x;
      for (int i = 0; i < kLanes; ++i) x[i] = _mm512_load_ps(sum + (at + i) * kPanelRows + first);
      turn(x);
      for (int i = 0; i < kLanes && first + i < num_planes; ++i) {
        float* const row = out + (first + i) * plane;
        const __m512 value =
            addend == nullptr ? x[i] : _mm512_add_ps(x[i], _mm512_set1_ps(addend[first + i]));
        if (to.is_row)
          _mm512_storeu_ps(row + to.first, value);
        else
          _mm512_mask_i32scatter_ps(row, to.mask, to.at, value, 4);
      }
    }
  }
}

}  // namespace

extern const TileFunctions kAmxTiles;
const TileFunctions kAmxTiles = {begin,       end,        pack,           multiply,  pack_pixels,
                                 pack_planes, pack_pairs, multiply_steps, store_line};

}  // namespace fdl::kernels
