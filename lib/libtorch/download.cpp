#include "lib/libtorch/download.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "lib/base/files.h"

namespace fdl::libtorch {
namespace {

namespace fs = std::filesystem;

// torch's wheel and the two of CUDA are tagged for different C libraries; pip takes only the tags
// that are named.
constexpr const char* kPlatforms[] = {"manylinux_2_28_x86_64", "manylinux_2_25_x86_64",
                                      "manylinux2014_x86_64"};

constexpr std::size_t kShownLines = 5;

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t num_bytes = 0;
  std::error_code code;
  for (auto at = fs::recursive_directory_iterator(folder, code);
       !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
    std::error_code gone;  // pip renames files while we look
    const std::uint64_t size = at->is_regular_file(gone) ? at->file_size(gone) : 0;
    if (!gone) num_bytes += size;
  }
  return num_bytes;
}

// The last lines of what a program said, without control characters and empty lines.
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

Diagnostic cannot_download(const Release& release, const std::string& why) {
  return error(Code::LibtorchDownload, {}, "cannot download libtorch {}: {}", release.version, why)
      .help(
          "check the network and that `python3 -m pip --version` works (Debian: apt-get install "
          "python3-pip); or fetch the wheels elsewhere and run `fdl libtorch install --from "
          "FOLDER`");
}

Result<Captured> run_watched(const ProcessSpec& command, const fs::path& folder,
                             const std::function<void(std::uint64_t)>& progress) {
  auto running = std::async(std::launch::async, [&] { return run_captured(command); });
  while (running.wait_for(std::chrono::milliseconds(200)) != std::future_status::ready)
    progress(bytes_below(folder));
  return running.get();
}

}  // namespace

ProcessSpec download_command(const Release& release, const fs::path& folder) {
  ProcessSpec command;
  command.program = "python3";
  // Without its cache: pip keeps a second copy there, and some versions hold it in memory whole.
  command.arguments = {"-m",
                       "pip",
                       "download",
                       "--no-deps",
                       "--no-input",
                       "--disable-pip-version-check",
                       "--no-cache-dir",
                       "--progress-bar",
                       "off",
                       "--only-binary=:all:"};
  for (const char* platform : kPlatforms) {
    command.arguments.push_back("--platform");
    command.arguments.push_back(platform);
  }
  for (const char* word : {"--python-version", "3.11", "-d"}) command.arguments.push_back(word);
  command.arguments.push_back(folder.string());
  for (const Pin& pin : release.wheels) command.arguments.push_back(pin.requirement);
  // pip downloads into its temporary folder first: that must be as large as ours, and go with it.
  command.environment["TMPDIR"] = folder.string();
  command.dies_with_parent = true;
  return command;
}

Result<void> download_wheels(const Release& release, const fs::path& folder,
                             const std::function<void(std::uint64_t done_bytes)>& progress) {
  const Result<Captured> pip = run_watched(download_command(release, folder), folder, progress);
  if (!pip) return fail(cannot_download(release, pip.error().message));
  if (!pip->status.ok()) {
    Diagnostic d =
        cannot_download(release, fmt::format("pip ended with code {}", pip->status.shell_code()));
    for (const std::string& line : last_lines(pip->output)) d.notes.push_back({line, {}});
    return fail(std::move(d));
  }
  std::error_code code;
  for (const Pin& pin : release.wheels) {
    if (!fs::is_regular_file(folder / pin.file, code))
      return fail(cannot_download(release, fmt::format("pip delivered no '{}'", pin.file)));
  }
  return {};
}

}  // namespace fdl::libtorch
