#pragma once

#include <cstddef>

namespace fdl::testing {

// The largest single block that operator new was asked for while this object lives. It counts for
// the whole program, which replaces operator new.
class AllocationWatch {
 public:
  AllocationWatch();
  std::size_t largest_bytes() const;
};

}  // namespace fdl::testing
