#include "lib/base/plugin.h"

#include <dlfcn.h>

namespace fdl {

namespace fs = std::filesystem;

PluginFunction find_plugin_function(const char* library, const fs::path& built,
                                    const char* function) {
  std::error_code code;
  const fs::path beside = fs::read_symlink("/proc/self/exe", code).parent_path() / library;
  const fs::path& path = !code && fs::exists(beside, code) ? beside : built;
  if (path.empty() || !fs::exists(path, code)) return {nullptr, true, "it is not there"};
  void* const opened = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const address = opened != nullptr ? ::dlsym(opened, function) : nullptr;
  if (address != nullptr) return {address, false, ""};
  const char* const reason = ::dlerror();
  return {nullptr, false, reason != nullptr ? reason : "it has no such function"};
}

}  // namespace fdl
