// Each loop stands once, as a function that is put into one wrapper per kind of CPU, where the
// compiler makes vectors of it. So nothing in a loop branches or calls.
#include "lib/nn/gates.h"

#include <bit>
#include <cmath>

#define FDL_INLINE [[gnu::always_inline]] inline
#if defined(__x86_64__) && defined(__GNUC__)
#define FDL_HAS_CPU_KINDS 1
#define FDL_AVX2 __attribute__((target("avx2,fma")))
#if defined(__clang__)
#define FDL_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl")))
#else
#define FDL_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")))
#endif
#endif
#if defined(__clang__)
#define FDL_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")
#else
#define FDL_VECTOR_LOOP _Pragma("GCC ivdep")
#endif

namespace fdl::nn {
namespace {

// e^x within 2 units in the last place: x = n ln 2 + r, and e^r by a polynomial (fitted to e^r at
// Chebyshev's points of |r| <= 0.3475). Beyond what f32 holds it gives infinity and 1.2e-38.
FDL_INLINE float exp_of(float x) {
  x = x < -87.3F ? -87.3F : x;
  x = x > 88.8F ? 88.8F : x;
  constexpr float kRound = 0x1.8p23F;  // a sum with it has n in its last bits
  const float shifted = x * 0x1.715476p0F + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0x1.62e4p-1F) - n * 0x1.7f7d1cp-20F;
  float q = 1.3933883747e-03F;
  q = q * r + 8.3633353934e-03F;
  q = q * r + 4.1666463017e-02F;
  q = q * r + 1.6666576266e-01F;
  q = q * r + 0.5F;
  const float power = std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) << 23) +
                                           std::bit_cast<std::uint32_t>(1.0F));
  return (1 + (r + r * r * q)) * power;
}

FDL_INLINE float sigmoid_of(float x) { return 1 / (1 + exp_of(-x)); }

// Near 0, where the quotient would lose its relative precision, an odd polynomial.
FDL_INLINE float tanh_of(float x) {
  const float size = std::fabs(x), z = x * x;
  float q = -4.2374615441e-04F;
  q = q * z + 2.5196759962e-03F;
  q = q * z + -8.2293804735e-03F;
  q = q * z + 2.1665597335e-02F;
  q = q * z + -5.3936094046e-02F;
  q = q * z + 1.3333140314e-01F;
  q = q * z + -3.3333331347e-01F;
  const float near = x + x * z * q;
  const float far = std::copysign(1 - 2 / (exp_of(2 * size) + 1), x);
  return size < 1 ? near : far;
}

struct LstmGates {
  FDL_INLINE static void forward(const Part& part, const Position& p) {
    const std::int64_t H = part.num_units;
    const float* const bias = p.bias;
    for (std::int64_t row = 0; row < part.num_rows; ++row) {
      float *const i = p.gates[row], *const f = i + H, *const g = f + H, *const o = g + H;
      const float* const c_before = p.c_before[row];
      float *const c = p.c[row], *const h = p.h[row];
      FDL_VECTOR_LOOP
      for (std::int64_t k = part.first_unit; k < part.end_unit; ++k) {
        const float ik = sigmoid_of(i[k] + bias[k]), fk = sigmoid_of(f[k] + bias[H + k]),
                    gk = tanh_of(g[k] + bias[2 * H + k]), ok = sigmoid_of(o[k] + bias[3 * H + k]);
        const float ck = fk * c_before[k] + ik * gk;
        i[k] = ik;
        f[k] = fk;
        g[k] = gk;
        o[k] = ok;
        c[k] = ck;
        h[k] = ok * tanh_of(ck);
      }
    }
  }

  template <bool has_output>
  FDL_INLINE static void back(const Part& part, const Position& p) {
    const std::int64_t H = part.num_units;
    float* const d_bias = p.d_bias;
    for (std::int64_t row = 0; row < part.num_rows; ++row) {
      float *const i = p.gates[row], *const f = i + H, *const g = f + H, *const o = g + H;
      const float *const c_before = p.c_before[row], *const c = p.c[row],
                         *const d_output = has_output ? p.d_output[row] : nullptr;
      float *const d_h = p.d_h[row], *const d_c = p.d_c[row];
      FDL_VECTOR_LOOP
      for (std::int64_t k = part.first_unit; k < part.end_unit; ++k) {
        const float ik = i[k], fk = f[k], gk = g[k], ok = o[k], tc = tanh_of(c[k]);
        const float by_h = has_output ? d_h[k] + d_output[k] : d_h[k];
        const float by_c = d_c[k] + by_h * ok * (1 - tc * tc);
        const float by_i = by_c * gk * (ik * (1 - ik)), by_f = by_c * c_before[k] * (fk * (1 - fk)),
                    by_g = by_c * ik * (1 - gk * gk), by_o = by_h * tc * (ok * (1 - ok));
        d_c[k] = by_c * fk;
        i[k] = by_i;
        f[k] = by_f;
        g[k] = by_g;
        o[k] = by_o;
        d_bias[k] += by_i;
        d_bias[H + k] += by_f;
        d_bias[2 * H + k] += by_g;
        d_bias[3 * H + k] += by_o;
      }
    }
  }
  FDL_INLINE static void backward(const Part& part, const Position& p) {
    p.d_output ? back<true>(part, p) : back<false>(part, p);
  }
};

struct GruGates {
  FDL_INLINE static void forward(const Part& part, const Position& p) {
    const std::int64_t H = part.num_units;
    const float* const bias = p.bias;
    for (std::int64_t row = 0; row < part.num_rows; ++row) {
      float *const r = p.gates[row], *const z = r + H, *const n = z + H, *const hn = n + H;
      const float* const h_before = p.h_before[row];
      float* const h = p.h[row];
      FDL_VECTOR_LOOP
      for (std::int64_t k = part.first_unit; k < part.end_unit; ++k) {
        const float rk = sigmoid_of(r[k] + bias[k]), zk = sigmoid_of(z[k] + bias[H + k]),
                    hnk = hn[k] + bias[3 * H + k], nk = tanh_of(n[k] + bias[2 * H + k] + rk * hnk);
        r[k] = rk;
        z[k] = zk;
        n[k] = nk;
        hn[k] = hnk;
        h[k] = (h_before[k] - nk) * zk + nk;
      }
    }
  }

  template <bool has_output>
  FDL_INLINE static void back(const Part& part, const Position& p) {
    const std::int64_t H = part.num_units;
    float* const d_bias = p.d_bias;
    for (std::int64_t row = 0; row < part.num_rows; ++row) {
      float *const r = p.gates[row], *const z = r + H, *const n = z + H, *const hn = n + H;
      const float *const h_before = p.h_before[row], *const d_output =
                                                         has_output ? p.d_output[row] : nullptr;
      float* const d_h = p.d_h[row];
      FDL_VECTOR_LOOP
      for (std::int64_t k = part.first_unit; k < part.end_unit; ++k) {
        const float rk = r[k], zk = z[k], nk = n[k];
        const float by_h = has_output ? d_h[k] + d_output[k] : d_h[k];
        const float by_z = by_h * (h_before[k] - nk) * (zk * (1 - zk)),
                    by_n = by_h * (1 - zk) * (1 - nk * nk), by_r = by_n * hn[k] * (rk * (1 - rk)),
                    by_hn = by_n * rk;
        d_h[k] = by_h * zk;
        r[k] = by_r;
        z[k] = by_z;
        n[k] = by_n;
        hn[k] = by_hn;
        d_bias[k] += by_r;
        d_bias[H + k] += by_z;
        d_bias[2 * H + k] += by_n;
        d_bias[3 * H + k] += by_hn;
      }
    }
  }
  FDL_INLINE static void backward(const Part& part, const Position& p) {
    p.d_output ? back<true>(part, p) : back<false>(part, p);
  }
};

template <bool is_tanh>
struct PlainGates {
  FDL_INLINE static void forward(const Part& part, const Position& p) {
    const float* const bias = p.bias;
    for (std::int64_t row = 0; row < part.num_rows; ++row) {
      float* const h = p.h[row];
      FDL_VECTOR_LOOP
      for (std::int64_t k = part.first_unit; k < part.end_unit; ++k) {
        const float sum = h[k] + bias[k];
        h[k] = is_tanh ? tanh_of(sum) : sum < 0 ? 0 : sum;  // NaN stays
      }
    }
  }

  template <bool has_output>
  FDL_INLINE static void back(const Part& part, const Position& p) {
    float* const d_bias = p.d_bias;
    for (std::int64_t row = 0; row < part.num_rows; ++row) {
      const float *const h = p.h[row], *const d_output = has_output ? p.d_output[row] : nullptr;
      float *const d_h = p.d_h[row], *const d_sum = p.gates[row];
      FDL_VECTOR_LOOP
      for (std::int64_t k = part.first_unit; k < part.end_unit; ++k) {
        const float by_h = has_output ? d_h[k] + d_output[k] : d_h[k], hk = h[k];
        const float by_sum = is_tanh ? by_h * (1 - hk * hk) : hk <= 0 ? 0 : by_h;
        d_sum[k] = by_sum;
        d_bias[k] += by_sum;
      }
    }
  }
  FDL_INLINE static void backward(const Part& part, const Position& p) {
    p.d_output ? back<true>(part, p) : back<false>(part, p);
  }
};

template <typename Gates>
struct Kernels {
  static void forward_plain(const Part& part, const Position& p) { Gates::forward(part, p); }
  static void backward_plain(const Part& part, const Position& p) { Gates::backward(part, p); }
#if FDL_HAS_CPU_KINDS
  FDL_AVX2 static void forward_avx2(const Part& part, const Position& p) {
    Gates::forward(part, p);
  }
  FDL_AVX2 static void backward_avx2(const Part& part, const Position& p) {
    Gates::backward(part, p);
  }
  FDL_AVX512 static void forward_avx512(const Part& part, const Position& p) {
    Gates::forward(part, p);
  }
  FDL_AVX512 static void backward_avx512(const Part& part, const Position& p) {
    Gates::backward(part, p);
  }
#endif
  static GateKernel of(CpuKind cpu) {
#if FDL_HAS_CPU_KINDS
    if (cpu == CpuKind::Avx512) return {forward_avx512, backward_avx512};
    if (cpu == CpuKind::Avx2) return {forward_avx2, backward_avx2};
#endif
    (void)cpu;
    return {forward_plain, backward_plain};
  }
};

}  // namespace

GateKernel gate_kernel(GateKind kind, CpuKind cpu) {
  switch (kind) {
    case GateKind::Lstm:
      return Kernels<LstmGates>::of(cpu);
    case GateKind::Gru:
      return Kernels<GruGates>::of(cpu);
    case GateKind::Tanh:
      return Kernels<PlainGates<true>>::of(cpu);
    case GateKind::Relu:
      break;
  }
  return Kernels<PlainGates<false>>::of(cpu);
}

}  // namespace fdl::nn
