#include "lib/monitor/event_reader.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sys/stat.h>

#include <fmt/format.h>

#include "lib/base/files.h"

namespace fdl::monitor {
namespace {

bool parse_whole(std::string_view text, std::uint64_t& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::string read_from(const std::filesystem::path& path, std::uint64_t offset,
                      std::uint64_t num_bytes) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  std::string text(num_bytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

constexpr std::string_view kEventBegin = "{\"event\":\"";  // as to_json_line writes it

// The kind of an event that to_json_line wrote, without reading the line; "" of other lines.
std::string_view kind_of_line(std::string_view line) {
  if (!line.starts_with(kEventBegin)) return "";
  line.remove_prefix(kEventBegin.size());
  return line.substr(0, line.find('"'));
}

}  // namespace

std::vector<Event> read_events(const std::filesystem::path& file,
                               std::initializer_list<std::string_view> passed_over) {
  std::vector<Event> out;
  const Result<std::string> text = read_file(file);
  if (!text) return out;
  std::size_t begin = 0;
  for (std::size_t end = text->find('\n'); end != std::string::npos;
       end = text->find('\n', begin)) {
    const std::string_view line = std::string_view(*text).substr(begin, end - begin);
    begin = end + 1;
    const std::string_view kind = kind_of_line(line);
    if (std::find(passed_over.begin(), passed_over.end(), kind) != passed_over.end()) continue;
    if (auto event = parse_event(line)) out.push_back(std::move(*event));
  }
  return out;
}

std::string to_string(const Position& position) {
  return fmt::format("{}-{}", position.file, position.bytes);
}

std::optional<Position> parse_position(std::string_view text) {
  const std::size_t dash = text.find('-');
  Position out;
  if (dash == std::string_view::npos || !parse_whole(text.substr(0, dash), out.file) ||
      !parse_whole(text.substr(dash + 1), out.bytes))
    return std::nullopt;
  return out;
}

bool EventReader::pass_over() {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) return false;
  at_ = {static_cast<std::uint64_t>(found.st_ino), static_cast<std::uint64_t>(found.st_size)};
  return at_.bytes > 0;
}

void EventReader::go_to_last(std::string_view kind) {
  struct stat found {};
  const Result<std::string> text = read_file(path_);
  if (!text || ::stat(path_.c_str(), &found) != 0) return;
  const std::size_t at = text->rfind(fmt::format("{}{}\"", kEventBegin, kind));
  at_ = {static_cast<std::uint64_t>(found.st_ino), at == std::string::npos ? 0 : at};
}

std::optional<std::vector<EventReader::Placed>> EventReader::read_new(std::uint64_t most_bytes) {
  std::vector<Placed> out;
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) return out;  // it has recorded nothing yet
  const auto file = static_cast<std::uint64_t>(found.st_ino);
  const auto size = static_cast<std::uint64_t>(found.st_size);
  if (at_.file == 0) at_.file = file;
  if (file != at_.file || size < at_.bytes) return std::nullopt;
  // At least one whole line, however long it is.
  for (std::uint64_t want = std::min(most_bytes, size - at_.bytes); want > 0;) {
    const std::string text = read_from(path_, at_.bytes, want);
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos;
         end = text.find('\n', begin)) {
      auto event = parse_event(std::string_view(text).substr(begin, end - begin));
      begin = end + 1;
      if (event) out.push_back({std::move(*event), {file, at_.bytes + begin}});
    }
    at_.bytes += begin;
    const std::uint64_t left = size - at_.bytes;
    if (begin > 0 || text.size() < want || want >= left) break;
    want = std::min(2 * want, left);
  }
  return out;
}

}  // namespace fdl::monitor
