#include "lib/plan/arena.h"

#include <algorithm>
#include <numeric>

#include "lib/base/machine.h"

namespace fdl::plan {

std::int64_t place_in_arena(const std::vector<Lifetime>& lifetimes,
                            std::vector<std::int64_t>& places) {
  std::vector<std::size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return lifetimes[a].size > lifetimes[b].size;
  });
  places.assign(lifetimes.size(), 0);
  std::vector<std::size_t> placed;  // by their places
  std::int64_t end = 0;
  for (const std::size_t i : order) {
    const Lifetime& one = lifetimes[i];
    std::int64_t at = 0;
    for (const std::size_t k : placed) {
      const bool meet = lifetimes[k].first <= one.last && one.first <= lifetimes[k].last;
      if (!meet) continue;
      if (at + aligned_floats(one.size) <= places[k]) break;
      at = std::max(at, places[k] + aligned_floats(lifetimes[k].size));
    }
    places[i] = at;
    end = std::max(end, at + aligned_floats(one.size));
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), i,
                         [&](std::size_t a, std::size_t b) { return places[a] < places[b]; }),
        i);
  }
  return end;
}

}  // namespace fdl::plan
