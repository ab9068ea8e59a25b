// libFuzzer's entry to the target FDL_FUZZ_TARGET.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t num_bytes) {
  fdl::fuzz::FDL_FUZZ_TARGET({reinterpret_cast<const char*>(data), num_bytes});
  return 0;
}
