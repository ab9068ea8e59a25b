#include "lib/libtorch/inspect.h"

#include <algorithm>
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

// The CUDA that a wheel's version.py says it was built with, `cuda: Optional[str] = '13.0'`; empty
// when it was built with none, or there is no such file.
std::string cuda_of(const fs::path& folder) {
  const std::string python = read_small(folder / "version.py");
  const std::size_t line = python.find("\ncuda");
  if (line == std::string::npos) return {};
  return quoted_after(python.substr(0, python.find('\n', line + 1)), "cuda", '\'');
}

struct Missing {
  std::string library;       // the first one
  std::string requirements;  // the wheels that bring all of them
};

// What is not there of what the wheels bring. A build without CUDA needs none of it.
Missing find_missing(const fs::path& folder, const Release& release) {
  Missing out;
  if (!release.has_cuda() && cuda_of(folder).empty()) return out;
  for (const Pin& pin : release.wheels) {
    const auto first =
        std::find_if(pin.libraries.begin(), pin.libraries.end(),
                     [&](const std::string& name) { return !has_bytes(folder / "lib" / name); });
    if (first == pin.libraries.end()) continue;
    if (out.library.empty()) out.library = *first;
    out.requirements += (out.requirements.empty() ? "" : ", ") + pin.requirement;
  }
  return out;
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
  if (!find_missing(folder, release).library.empty()) return false;
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
  const std::string cuda = cuda_of(folder);
  if (release.has_cuda() && !cuda.empty() && cuda != release.cuda)
    return fail(unusable(from, fmt::format("it is built with CUDA {}", cuda))
                    .help("variant {} takes CUDA {}", release.variant, release.cuda));
  const Missing missing = find_missing(folder, release);
  if (missing.library.empty()) return {};
  return fail(unusable(from, fmt::format("it needs '{}', which is not there", missing.library))
                  .help("what is missing comes in these wheels, all in one folder: {}",
                        missing.requirements));
}

}  // namespace fdl::libtorch
