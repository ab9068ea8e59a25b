#include "lib/weights/statistics.h"

#include <algorithm>
#include <cmath>

#include "lib/weights/numbers.h"
#include "lib/weights/pieces.h"

namespace fdl::weights {
namespace {

// Means and squared distances of pieces, joined. Source: Chan, Golub and LeVeque 1979, "Updating
// formulae and a pairwise algorithm for computing sample variances", equation 2.1.
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void join(const Moments& other) {
    if (other.count == 0) return;
    const double all = count + other.count, apart = other.mean - mean;
    squares += other.squares + apart * apart * count * other.count / all;
    mean += apart * other.count / all;
    count = all;
  }
};

Moments moments_of(const std::vector<double>& numbers) {
  Moments out;
  for (const double n : numbers) out.mean += n;
  out.count = static_cast<double>(numbers.size());
  if (out.count > 0) out.mean /= out.count;
  for (const double n : numbers) out.squares += (n - out.mean) * (n - out.mean);
  return out;
}

}  // namespace

Result<Statistics> statistics(const WeightFiles& files, const StoredTensor& tensor) {
  Statistics out;
  Moments all;
  const auto add = [&](std::span<const std::byte> bytes) -> Result<void> {
    std::vector<double> numbers = decode(tensor.dtype, bytes);
    out.num_not_finite += std::erase_if(numbers, [](double n) { return !std::isfinite(n); });
    if (numbers.empty()) return {};
    const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
    out.min = all.count == 0 ? *low : std::min(out.min, *low);
    out.max = all.count == 0 ? *high : std::max(out.max, *high);
    all.join(moments_of(numbers));
    return {};
  };
  FDL_TRY(for_each_piece(files, tensor, add));
  out.mean = all.mean;
  if (all.count > 0) out.std = std::sqrt(all.squares / all.count);
  return out;
}

}  // namespace fdl::weights
