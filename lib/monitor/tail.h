#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/monitor/event.h"

namespace fdl::monitor {

// Reads the events that were appended to a file since the last call. A line that is still being
// written is left for the next call.
class EventTail {
 public:
  // Starts at `offset` bytes, so that a resumed run's former events are passed over.
  explicit EventTail(std::filesystem::path path, std::uint64_t offset = 0)
      : path_(std::move(path)), offset_(offset) {}
  std::vector<Event> read_new();

 private:
  std::filesystem::path path_;
  std::uint64_t offset_;
  std::string unfinished_;
};

}  // namespace fdl::monitor
