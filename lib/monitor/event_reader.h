#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/monitor/event.h"

namespace fdl::monitor {

// All events of a file but those of the kinds that are passed over, which costs almost nothing.
std::vector<Event> read_events(const std::filesystem::path& file,
                               std::initializer_list<std::string_view> passed_over = {});

// How far somebody has read in a run's events.jsonl: the file, by its number in the file system,
// and the bytes of it. A run that goes on from a checkpoint has its records cut back into another
// file.
struct Position {
  std::uint64_t file = 0, bytes = 0;

  friend bool operator==(const Position&, const Position&) = default;
};
std::string to_string(const Position& position);  // "1234-5678"
// Empty for other text.
std::optional<Position> parse_position(std::string_view text);

// Reads a run's events from the first on, and knows where each ends.
class EventReader {
 public:
  explicit EventReader(std::filesystem::path path) : path_(std::move(path)) {}

  struct Placed {
    Event event;
    Position end;  // of its line
  };
  // What was appended since the last call, at most about `most_bytes` of it. Empty when the file
  // was put in the place of the one that was read so far: what was read is no longer so.
  std::optional<std::vector<Placed>> read_new(std::uint64_t most_bytes = UINT64_MAX);
  // Passes over what is there now. Whether there was anything.
  bool pass_over();
  // Goes to the file's last event of that kind, which is read next; to its beginning without one.
  void go_to_last(std::string_view kind);
  // Where the next line begins.
  const Position& position() const { return at_; }

 private:
  std::filesystem::path path_;
  Position at_;
};

}  // namespace fdl::monitor
