#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "lib/base/result.h"
#include "lib/monitor/fold.h"

namespace fdl::monitor {

// Writes what a run records as TensorBoard's event files: a scalar for each point of each series,
// at its step and wall time.
class TensorboardWriter {
 public:
  // Makes a new file in the folder; each start of a run has its own. Errors: FDL5002.
  static Result<TensorboardWriter> open(const std::filesystem::path& folder);

  // Errors: FDL5002.
  Result<void> take(const Event& event);

 private:
  TensorboardWriter(std::filesystem::path file, double start_s)
      : file_(std::move(file)), start_s_(start_s) {}
  Result<void> append(const std::string& bytes) const;

  std::filesystem::path file_;
  double start_s_;  // of the clock on the wall, when the file was made
  Fold fold_;
};

// One record of such a file: length, its checksum, the bytes, their checksum.
std::string tfrecord(const std::string& bytes);

// CRC-32C (Castagnoli, RFC 3720 appendix B.4).
std::uint32_t crc32c(const std::string& bytes);

}  // namespace fdl::monitor
