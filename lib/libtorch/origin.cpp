#include "lib/libtorch/origin.h"

#include <algorithm>

namespace fdl::libtorch {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKinds =
    "give a torch wheel (.whl), a libtorch zip (.zip), a folder of wheels, or an unpacked libtorch";

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_torch_wheel(const fs::path& file) {
  const std::string name = file.filename().string();
  return starts_with(name, "torch-") && ends_with(name, ".whl");
}

bool is_left_out(const Release& release, std::string_view path) {
  return std::any_of(
      release.left_out.begin(), release.left_out.end(),
      [&](const std::string& part) { return path.find(part) != std::string_view::npos; });
}

// "nvidia_cuda_runtime" of a wheel's file name.
std::string_view project_of(std::string_view wheel) { return wheel.substr(0, wheel.find('-')); }

// The wheels in `folder` of the same project as the pin; the pinned file alone when it is there.
std::vector<fs::path> candidates(const fs::path& folder, const Pin& pin) {
  std::error_code code;
  if (fs::exists(folder / pin.file, code)) return {folder / pin.file};
  std::vector<fs::path> out;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename().string();
    if (ends_with(name, ".whl") && project_of(name) == project_of(pin.file))
      out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Diagnostic ambiguous(const fs::path& folder, const std::vector<fs::path>& found) {
  return error(Code::LibtorchSource, {}, "'{}' holds '{}' and '{}'", folder.string(),
               found[0].filename().string(), found[1].filename().string())
      .help("leave only the one to install in the folder");
}

// The wheels that go with torch's. One that is missing is no mistake yet: a wheel built without
// CUDA needs none, and check_unpacked knows what it is.
Result<Origin> with_companions(const fs::path& torch_wheel, const Release& release) {
  fs::path folder = torch_wheel.parent_path();
  if (folder.empty()) folder = ".";
  Origin origin{OriginKind::Wheels, {torch_wheel}};
  for (std::size_t i = 1; i < release.wheels.size(); ++i) {
    const std::vector<fs::path> found = candidates(folder, release.wheels[i]);
    if (found.size() > 1) return fail(ambiguous(folder, found));
    if (!found.empty()) origin.files.push_back(found[0]);
  }
  return origin;
}

Result<Origin> from_folder(const fs::path& folder, const Release& release) {
  std::error_code code;
  if (fs::exists(folder / "lib" / "libtorch_cpu.so", code))
    return Origin{OriginKind::Folder, {folder}};
  const std::vector<fs::path> found = candidates(folder, release.wheels[0]);
  if (found.size() > 1) return fail(ambiguous(folder, found));
  if (!found.empty()) return with_companions(found[0], release);
  return fail(error(Code::LibtorchSource, {},
                    "'{}' holds neither a torch wheel nor 'lib/libtorch_cpu.so'", folder.string())
                  .help("{}", kKinds));
}

}  // namespace

Result<Origin> find_origin(const fs::path& from, const Release& release) {
  std::error_code code;
  const fs::file_status status = fs::status(from, code);
  if (fs::is_directory(status)) return from_folder(from, release);
  if (!fs::is_regular_file(status))
    return fail(error(Code::LibtorchSource, {}, "there is no file or folder '{}'", from.string())
                    .help("{}", kKinds));
  if (is_torch_wheel(from)) return with_companions(from, release);
  if (ends_with(from.filename().string(), ".zip")) return Origin{OriginKind::Zip, {from}};
  return fail(error(Code::LibtorchSource, {}, "'{}' is neither a torch wheel nor a libtorch zip",
                    from.string())
                  .help("{}", kKinds));
}

Origin pinned_wheels(const fs::path& folder, const Release& release) {
  Origin origin;
  for (const Pin& pin : release.wheels) origin.files.push_back(folder / pin.file);
  return origin;
}

std::string place_of(const Release& release, OriginKind kind, const fs::path& file,
                     std::string_view entry) {
  const auto below = [&](std::string_view top) {
    return starts_with(entry, top) ? entry.substr(top.size()) : std::string_view();
  };
  std::string_view path = entry;
  if (kind == OriginKind::Zip) path = below("libtorch/");
  if (kind == OriginKind::Wheels) path = below("torch/");
  if (kind == OriginKind::Wheels && !is_torch_wheel(file)) {
    // The CUDA libraries: any `<somewhere>/lib/lib*.so*`.
    const std::size_t lib = entry.rfind("/lib/");
    if (lib == std::string_view::npos) return {};
    path = entry.substr(lib + 1);
    const std::string_view name = path.substr(4);
    if (!starts_with(name, "lib") || name.find(".so") == std::string_view::npos) return {};
  }
  if (path == "version.py" || path == "build-version") return std::string(path);
  if (starts_with(path, "include/") || starts_with(path, "share/")) return std::string(path);
  if (!starts_with(path, "lib/") || is_left_out(release, path)) return {};
  // The wheel's libtorch.so is empty but for its need of libtorch_cuda.so.
  if (path == "lib/libtorch.so" && kind == OriginKind::Wheels && !release.has_cuda()) return {};
  return std::string(path);
}

}  // namespace fdl::libtorch
