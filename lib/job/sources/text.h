#pragma once

#include <cstdint>
#include <vector>

namespace fdl::job {

// The tokens of a text that a tokenizer has cut, from its inspector to its opener.
struct TextDetails {
  std::vector<std::uint32_t> tokens;
};

}  // namespace fdl::job
