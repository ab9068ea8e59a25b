#include "lib/train/event_log.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/files.h"

namespace fdl::train {

double EventLog::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

Result<void> EventLog::write(monitor::Event event) const {
  event.time_s = seconds();
  const std::string line = monitor::to_json_line(event) + "\n";
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const ssize_t written = file < 0 ? -1 : ::write(file, line.data(), line.size());
  const int why = written < 0 ? errno : ENOSPC;
  if (file >= 0) ::close(file);
  if (written == static_cast<ssize_t>(line.size())) return {};
  return fail(
      error(Code::CannotWrite, {}, "cannot write '{}': {}", path_.string(), std::strerror(why))
          .help("free some space, then `fdl run --resume`"));
}

Result<void> EventLog::notice(std::int64_t step, const std::string& text) const {
  monitor::Event event;
  event.kind = "notice";
  event.numbers["step"] = static_cast<double>(step);
  event.texts["text"] = text;
  return write(std::move(event));
}

Result<void> EventLog::cut_back(std::int64_t step) const {
  if (!std::filesystem::exists(path_)) return {};
  const Result<std::string> text = read_file(path_);
  if (!text) return fail(text.error());
  std::string kept;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = text->find('\n', begin);
    if (end == std::string::npos) break;  // cut off by a crash
    const std::string_view line = std::string_view(*text).substr(begin, end + 1 - begin);
    begin = end + 1;
    const auto event = monitor::parse_event(line);
    if (event && event->number("step").value_or(0) <= static_cast<double>(step)) kept += line;
  }
  return write_atomic(path_, kept);
}

}  // namespace fdl::train
