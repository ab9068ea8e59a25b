#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lib/base/process.h"

// Programs that download: what they said last, and how far they are.
namespace fdl {

// Runs a program to its end and keeps what it printed; `tick` is called several times a second
// meanwhile, on the calling thread. Errors: FDL5003.
Result<Captured> run_watched(const ProcessSpec& spec, const std::function<void()>& tick);

// The bytes of all files below a folder, which may change meanwhile.
std::uint64_t bytes_below(const std::filesystem::path& folder);

// The last few lines of what a program said, without control characters and empty lines.
std::vector<std::string> last_lines(const std::string& output);

}  // namespace fdl
