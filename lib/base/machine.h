#pragma once

#include <cstdint>
#include <optional>

namespace fdl {

// Bytes that a program may still take here: what the system calls available, or less where a
// control group sets a limit. Empty where the system does not say.
std::optional<std::int64_t> available_memory_bytes();

}  // namespace fdl
