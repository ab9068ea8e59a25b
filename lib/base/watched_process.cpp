#include "lib/base/watched_process.h"

#include <chrono>
#include <future>

namespace fdl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShownLines = 5;

}  // namespace

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t num_bytes = 0;
  std::error_code code;
  for (auto at = fs::recursive_directory_iterator(folder, code);
       !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
    std::error_code gone;  // downloaders rename files while we look
    const std::uint64_t size = at->is_regular_file(gone) ? at->file_size(gone) : 0;
    if (!gone) num_bytes += size;
  }
  return num_bytes;
}

std::vector<std::string> last_lines(const std::string& output) {
  std::vector<std::string> lines(1);
  for (const char c : output) {
    if (c == '\n' || c == '\r') {
      if (!lines.back().empty()) lines.emplace_back();
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      lines.back() += c;
    }
  }
  if (lines.back().empty()) lines.pop_back();
  const std::size_t skipped = lines.size() > kShownLines ? lines.size() - kShownLines : 0;
  lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(skipped));
  return lines;
}

Result<Captured> run_watched(const ProcessSpec& spec, const std::function<void()>& tick) {
  auto running = std::async(std::launch::async, [&] { return run_captured(spec); });
  while (running.wait_for(std::chrono::milliseconds(200)) != std::future_status::ready) tick();
  return running.get();
}

}  // namespace fdl
