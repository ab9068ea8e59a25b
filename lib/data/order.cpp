#include "lib/data/order.h"

#include <numeric>
#include <utility>

#include "lib/tensor/random.h"

namespace fdl::data {

std::vector<std::int64_t> shuffled(std::int64_t num_samples, std::uint64_t seed,
                                   std::int64_t epoch) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(num_samples));
  std::iota(out.begin(), out.end(), 0);
  tensor::RandomStream stream(
      tensor::StreamKey(seed, tensor::Purpose::Order).with(static_cast<std::uint64_t>(epoch)));
  for (std::size_t left = out.size(); left > 1; --left)
    std::swap(out[left - 1], out[stream.below(left)]);
  return out;
}

}  // namespace fdl::data
