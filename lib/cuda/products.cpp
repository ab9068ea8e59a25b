#include "lib/cuda/products.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>
#include <ATen/ops/addmm_cuda_dispatch.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm_cuda_dispatch.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include "lib/cuda/kernels.h"
#include "lib/cuda/unheard.h"

namespace fdl::cuda {
namespace {

// What a GPU can do, in practice and per second, of large f32 products: operations without and with
// its matrix units (of bf16), and bytes of its memory.
struct Rates {
  double plain, units, bytes;
};

// None of GPUs whose units are no faster at six products than the others at one. Figures are
// rounded from large products of libtorch; A100 and B200 by their data sheets.
std::optional<Rates> rates_of(int major, int minor) {
  if (major == 8 && minor == 0) return Rates{17e12, 230e12, 1.4e12};
  if (major == 9) return Rates{42e12, 600e12, 3e12};
  if (major == 10) return Rates{60e12, 1400e12, 6e12};
  return std::nullopt;
}

const std::optional<Rates>& rates() {
  static const std::optional<Rates> kRates = [] {
    cudaDeviceProp found{};
    C10_CUDA_CHECK(cudaGetDeviceProperties(&found, c10::cuda::current_device()));
    return rates_of(found.major, found.minor);
  }();
  return kRates;
}

// In how many products of bf16 matrices the six are taken: one that has each part as often as it
// needs it; or several, which read and write the result again: one for each size of what is added.
enum class Way { Plain, One, Several };

// Matrix units cut off what they add up: on an H200 a sum of n was off by some 1e-9 n of itself,
// where libtorch's kernels for f32 are at 4e-7 to 1e-6. Longer ones are added up by stretches, in
// f32.
constexpr std::int64_t kStretch = 512;

std::int64_t num_stretches(std::int64_t K) { return (K + kStretch - 1) / kStretch; }

// By times of a model: what is counted is at most a few times off, and the same shape always goes
// the same way.
Way way_of(std::int64_t M, std::int64_t N, std::int64_t K, const Rates& gpu) {
  constexpr double kLaunch_s = 4e-6, kWorthIt = 0.9;
  const auto m = static_cast<double>(M), n = static_cast<double>(N), k = static_cast<double>(K);
  const double operations = 2 * m * n * k, operands = m * k + k * n, result = m * n;
  const auto products = static_cast<double>(2 + num_stretches(K));
  const double plain = operations / gpu.plain + 4 * (operands + result) / gpu.bytes;
  const double units = 6 * operations / gpu.units;
  const double one = units + (16 * operands + 4 * result) / gpu.bytes + 2 * kLaunch_s;
  const double several = units + (10 * operands + 4 * (2 * products - 1) * result) / gpu.bytes +
                         (1 + products) * kLaunch_s;
  const bool takes_one = K <= kStretch && one <= several;
  if ((takes_one ? one : several) > kWorthIt * plain) return Way::Plain;
  return takes_one ? Way::One : Way::Several;
}

// bf16[M, parts * K] of f32[M, K], or bf16[parts * K, N] of f32[K, N]: parts along the axis that a
// product adds up over. It lies in memory as `x` does.
at::Tensor split(const at::Tensor& x, std::int64_t axis, const SplitParts& parts) {
  const bool is_turned = !x.is_contiguous();
  const at::Tensor stored = is_turned ? x.t() : x;
  const bool is_along_rows = (axis == 0) != is_turned;  // of what is stored
  std::vector<std::int64_t> sizes = stored.sizes().vec();
  sizes[is_along_rows ? 0 : 1] *= parts.count;
  const at::Tensor out = at::empty(sizes, x.options().dtype(at::kBFloat16));
  C10_CUDA_CHECK(launch_split(stored.const_data_ptr<float>(), stored.size(0), stored.size(1),
                              is_along_rows, parts, out.mutable_data_ptr(),
                              c10::cuda::getCurrentCUDAStream()));
  return is_turned ? out.t() : out;
}

// The products that are taken, by their parts, the least ones first.
constexpr SplitParts kLeftSix = {6, {0, 1, 2, 0, 1, 0}}, kRightSix = {6, {2, 1, 0, 1, 0, 0}};
constexpr SplitParts kLeftThree = {3, {0, 1, 2}}, kRightThree = {3, {2, 1, 0}};

// a [M, K] times b [K, N], and `added` where it is given, in a way that is not Plain.
at::Tensor product(const at::Tensor& a, const at::Tensor& b, const at::Tensor& added, Way way) {
  const std::int64_t K = a.size(1);
  const bool is_one = way == Way::One;
  const at::Tensor left = split(a, 1, is_one ? kLeftSix : kLeftThree),
                   right = split(b, 0, is_one ? kRightSix : kRightThree);
  at::Tensor out = added.defined() ? at::cuda::addmm(added, left, right, at::kFloat)
                                   : at::cuda::mm(left, right, at::kFloat);
  if (is_one) return out;
  const auto add = [&](std::int64_t from_left, std::int64_t from_right, std::int64_t count) {
    at::cuda::addmm_outf(out, left.narrow(1, from_left, count), right.narrow(0, from_right, count),
                         at::kFloat, /*beta=*/1, /*alpha=*/1, out);
  };
  add(0, K, 2 * K);
  for (std::int64_t at = 0; at < K; at += kStretch) add(at, 2 * K + at, std::min(kStretch, K - at));
  return out;
}

bool is_fit(const at::Tensor& t) {
  constexpr std::int64_t kAligned = 8;  // elements of bf16, as units want them
  constexpr std::uintptr_t kWord = 16;  // bytes, that a thread reads at once
  return t.scalar_type() == at::kFloat && t.dim() == 2 && t.size(0) % kAligned == 0 &&
         t.size(1) % kAligned == 0 && t.numel() > 0 &&
         (t.is_contiguous() || t.t().is_contiguous()) &&
         reinterpret_cast<std::uintptr_t>(t.const_data_ptr()) % kWord == 0;
}

Way way_of(const at::Tensor& a, const at::Tensor& b) {
  if (!rates() || !is_fit(a) || !is_fit(b)) return Way::Plain;
  return way_of(a.size(0), b.size(1), a.size(1), *rates());
}

at::Tensor mm(const at::Tensor& a, const at::Tensor& b) {
  const Way way = way_of(a, b);
  return way == Way::Plain ? at::cuda::mm(a, b) : product(a, b, {}, way);
}

at::Tensor addmm(const at::Tensor& added, const at::Tensor& a, const at::Tensor& b,
                 const at::Scalar& beta, const at::Scalar& alpha) {
  const bool is_sum =
      beta.toDouble() == 1 && alpha.toDouble() == 1 && added.scalar_type() == at::kFloat;
  const Way way = is_sum ? way_of(a, b) : Way::Plain;
  return way == Way::Plain ? at::cuda::addmm(added, a, b, beta, alpha) : product(a, b, added, way);
}

}  // namespace

void take_products() {
  static std::optional<torch::Library> kept;
  if (kept || !rates()) return;
  const Unheard unheard;  // that kernels of libtorch are replaced
  kept.emplace(torch::Library::IMPL, "aten", c10::DispatchKey::CUDA, __FILE__, __LINE__);
  kept->impl("mm", mm);
  kept->impl("addmm", addmm);
}

}  // namespace fdl::cuda
