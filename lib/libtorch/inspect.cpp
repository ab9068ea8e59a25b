#include "lib/libtorch/inspect.h"

#include <array>

#include "lib/base/files.h"

namespace fdl::libtorch {
namespace {

namespace fs = std::filesystem;

constexpr std::array kNeededFiles = {"lib/libtorch_cpu.so", "lib/libc10.so", "include/ATen/ATen.h"};

// Newer headers first; the older place only includes the newer one since 2.9.
constexpr std::array kVersionHeaders = {"include/torch/headeronly/version.h",
                                        "include/torch/csrc/api/include/torch/version.h",
                                        "include/torch/version.h"};

std::string read_small(const fs::path& path) {
  constexpr std::uint64_t kLimitBytes = 1 << 16;
  Result<std::string> text = read_file(path, kLimitBytes);
  return text ? std::move(*text) : std::string();
}

bool has_bytes(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code) && fs::file_size(path, code) > 0;
}

// The text in the first pair of `quote` on the line (or continued line) that starts with `key`.
std::string quoted_after(const std::string& text, const std::string& key, char quote) {
  const std::size_t line = text.rfind(key, 0) == 0 ? 0 : text.find("\n" + key);
  if (line == std::string::npos) return {};
  const std::size_t from = text.find(quote, line + key.size());
  if (from == std::string::npos) return {};
  const std::size_t to = text.find(quote, from + 1);
  if (to == std::string::npos) return {};
  return text.substr(from + 1, to - from - 1);
}

// With the part after '+', "2.11.0+cu130".
std::string full_version(const fs::path& folder) {
  const std::string python = read_small(folder / "version.py");
  if (std::string v = quoted_after(python, "__version__", '\''); !v.empty()) return v;
  const std::string build = read_small(folder / "build-version");
  if (!build.empty()) return build.substr(0, build.find_first_of(" \r\n"));
  for (const char* header : kVersionHeaders) {
    std::string v = quoted_after(read_small(folder / header), "#define TORCH_VERSION ", '"');
    if (!v.empty()) return v;
  }
  return {};
}

std::string without_build(const std::string& version) {
  return version.substr(0, version.find('+'));
}

// Whether a wheel's version.py says that it was built with CUDA: `cuda: Optional[str] = '13.0'`.
bool has_cuda(const fs::path& folder) {
  const std::string python = read_small(folder / "version.py");
  const std::size_t line = python.find("\ncuda");
  if (line == std::string::npos) return false;
  const std::string text = python.substr(line + 1, python.find('\n', line + 1) - line - 1);
  return text.find('\'') != std::string::npos;
}

// A zip or an unpacked folder of another variant carries libraries that this one leaves out.
bool is_other_variant(const fs::path& folder, const Release& release) {
  const std::string build = read_small(folder / "build-version");
  const std::size_t plus = build.find('+');
  if (plus == std::string::npos) return false;
  const std::string variant = build.substr(plus + 1, build.find_first_of(" \r\n") - plus - 1);
  return variant != release.variant;
}

Diagnostic unusable(const fs::path& from, const std::string& why) {
  return error(Code::LibtorchSource, {}, "'{}' cannot be used: {}", from.string(), why);
}

}  // namespace

std::string torch_version(const fs::path& folder) { return without_build(full_version(folder)); }

bool is_whole(const fs::path& folder, const Release& release) {
  for (const char* file : kNeededFiles) {
    if (!has_bytes(folder / file)) return false;
  }
  const std::string build = read_small(folder / "build-version");
  return without_build(build.substr(0, build.find('\n'))) == release.version;
}

Result<void> check_unpacked(const fs::path& folder, const Release& release, const fs::path& from) {
  for (const char* file : kNeededFiles) {
    if (!has_bytes(folder / file))
      return fail(unusable(from, fmt::format("it holds no '{}'", file))
                      .help("give a torch wheel, a libtorch zip, or a folder with either"));
  }
  const std::string version = full_version(folder);
  const std::string wanted = fmt::format("fdl needs libtorch {}", release.version);
  if (version.empty())
    return fail(unusable(from, "it does not say which version it is").help("{}", wanted));
  if (without_build(version) != release.version)
    return fail(unusable(from, fmt::format("it is version {}", version)).help("{}", wanted));
  if (is_other_variant(folder, release))
    return fail(unusable(from, fmt::format("it is the build {}", version))
                    .help("{}, variant {}", wanted, release.variant));
  if (!has_cuda(folder)) return {};
  for (const std::string& library : release.cuda_libraries) {
    if (!has_bytes(folder / "lib" / library))
      return fail(
          unusable(from, fmt::format("its libtorch_cpu needs '{}', which is not there", library))
              .help("put the wheels nvidia-cuda-runtime and nvidia-cuda-cupti beside it"));
  }
  return {};
}

}  // namespace fdl::libtorch
