#include "lib/libtorch/download.h"

#include <string>
#include <vector>

#include "lib/base/watched_process.h"

namespace fdl::libtorch {
namespace {

namespace fs = std::filesystem;

// torch's wheel and those of CUDA are tagged for different C libraries; pip takes only the tags
// that are named.
constexpr const char* kPlatforms[] = {"manylinux_2_28_x86_64", "manylinux_2_27_x86_64",
                                      "manylinux_2_25_x86_64", "manylinux_2_18_x86_64",
                                      "manylinux2014_x86_64",  "manylinux2010_x86_64"};

Diagnostic cannot_download(const Release& release, const std::string& why) {
  return error(Code::LibtorchDownload, {}, "cannot download libtorch {}: {}", release.version, why)
      .help(
          "check the network and that `python3 -m pip --version` works (Debian: apt-get install "
          "python3-pip); or fetch the wheels elsewhere and run `fdl libtorch install --from "
          "FOLDER`");
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
  const Result<Captured> pip =
      run_watched(download_command(release, folder), [&] { progress(bytes_below(folder)); });
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
