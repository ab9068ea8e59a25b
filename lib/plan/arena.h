#pragma once

#include <cstdint>
#include <vector>

namespace fdl::plan {

// Numbers that are needed from one moment to another, both included.
struct Lifetime {
  int first = 0, last = 0;
  std::int64_t size = 0;
};

// Places of all in one block of memory, of which it returns the size: those whose times meet do not
// overlap. They are floats, each beginning at 64 bytes (aligned_floats). Greedy, the largest
// first: Pisarchyk and Lee 2020, arXiv:2001.03288, section 5.2.
std::int64_t place_in_arena(const std::vector<Lifetime>& lifetimes,
                            std::vector<std::int64_t>& places);

}  // namespace fdl::plan
