#include "lib/monitor/tail.h"

#include <fstream>

namespace fdl::monitor {

std::vector<Event> EventTail::read_new() {
  std::vector<Event> out;
  std::error_code code;
  const std::uint64_t size = std::filesystem::file_size(path_, code);
  if (code) return out;
  if (size < offset_) {  // cut back to a checkpoint: what is there now was seen before
    offset_ = size;
    unfinished_.clear();
  }
  if (size == offset_) return out;
  std::ifstream file(path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset_));
  std::string text(size - offset_, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  offset_ += text.size();
  unfinished_ += text;
  std::size_t begin = 0;
  for (std::size_t end = unfinished_.find('\n'); end != std::string::npos;
       end = unfinished_.find('\n', begin)) {
    if (auto event = parse_event(std::string_view(unfinished_).substr(begin, end - begin)))
      out.push_back(std::move(*event));
    begin = end + 1;
  }
  unfinished_.erase(0, begin);
  return out;
}

}  // namespace fdl::monitor
