#include "lib/libtorch/home.h"

#include <algorithm>

#include "lib/base/files.h"
#include "lib/libtorch/inspect.h"

namespace fdl::libtorch {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

bool is_folder(const fs::path& path) {
  std::error_code code;
  return fs::is_directory(path, code);
}

bool is_home(const fs::path& folder) {
  if (is_there(folder / "libtorch" / ".active")) return true;
  return is_there(folder / "CMakeLists.txt") && is_there(folder / "fdl.yml");
}

fs::path normal_absolute(const fs::path& path) {
  std::error_code code;
  const fs::path out = fs::absolute(path, code).lexically_normal();
  return out.has_filename() ? out : out.parent_path();  // without a slash at the end
}

// The name in `.active`, or "" when nothing is active.
Result<std::string> read_active(const fs::path& home) {
  constexpr std::uint64_t kLimitBytes = 4096;
  const fs::path file = libtorch_root(home) / ".active";
  if (!is_there(file)) return std::string();
  Result<std::string> text = read_file(file, kLimitBytes);
  if (!text) return text;
  std::string line = text->substr(0, text->find('\n'));
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
  return line;
}

// Whether the name stays below the libtorch folder when it is appended to it.
bool is_plain_name(const std::string& variant) {
  const fs::path path(variant);
  if (variant.empty() || path.is_absolute()) return false;
  return std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

void add_variants(const fs::path& root, const std::string& group, std::vector<Installed>& out) {
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(root / group, code)) {
    const std::string name = entry.path().filename().string();
    if (name.front() == '.' || !is_folder(entry.path() / "lib")) continue;
    out.push_back({group + "/" + name, false, torch_version(entry.path())});
  }
}

}  // namespace

fs::path libtorch_root(const fs::path& home) { return normal_absolute(home) / "libtorch"; }

Result<fs::path> find_home(const HomeSearch& search) {
  const fs::path start = normal_absolute(search.folder);
  for (fs::path folder = start;; folder = folder.parent_path()) {
    if (is_home(folder)) return folder;
    if (folder == folder.parent_path()) break;
  }
  if (!search.fdl_home.empty()) return normal_absolute(search.fdl_home);
  if (!search.user_home.empty()) return normal_absolute(search.user_home) / ".fdl";
  return fail(
      error(Code::LibtorchMissing, {},
            "there is no folder for libtorch: '{}' is not inside an fdl project, and neither "
            "FDL_HOME nor HOME is set",
            start.string())
          .help("set FDL_HOME to a folder that fdl may use"));
}

std::vector<Installed> list_installed(const fs::path& home) {
  std::vector<Installed> out;
  add_variants(libtorch_root(home), "precompiled", out);
  add_variants(libtorch_root(home), "builds", out);
  std::sort(out.begin(), out.end(),
            [](const Installed& a, const Installed& b) { return a.variant < b.variant; });
  const Result<std::string> active = read_active(home);
  for (Installed& variant : out) variant.active = active && variant.variant == *active;
  return out;
}

Result<fs::path> active_folder(const fs::path& home) {
  const Result<std::string> variant = read_active(home);
  if (!variant) return fail(variant.error());
  const fs::path root = libtorch_root(home);
  if (variant->empty())
    return fail(error(Code::LibtorchMissing, {}, "no libtorch is active in '{}'", root.string())
                    .help("run `fdl libtorch install`"));
  const fs::path folder = root / *variant;
  if (is_plain_name(*variant) && is_folder(folder / "lib")) return folder;
  return fail(error(Code::LibtorchBad, {},
                    "the active libtorch '{}' is no folder with a 'lib' in '{}'", *variant,
                    root.string())
                  .help("run `fdl libtorch install`"));
}

Result<void> activate(const fs::path& home, const std::string& variant) {
  const fs::path root = libtorch_root(home);
  if (!is_plain_name(variant) || !is_folder(root / variant / "lib"))
    return fail(error(Code::LibtorchBad, {}, "'{}' is no installed libtorch of '{}'", variant,
                      root.string())
                    .help("`fdl libtorch list` shows those that are there"));
  const Result<std::string> now = read_active(home);
  if (now && *now == variant) return {};
  return write_atomic(root / ".active", variant + "\n");
}

}  // namespace fdl::libtorch
