#pragma once

#include <filesystem>
#include <string>

namespace fdl {

// A function of a shared library of fdl's own, which keeps what is costly to load, or may not be
// there, out of the programs.
struct PluginFunction {
  void* address = nullptr;  // null when there is none
  bool is_absent = false;   // there is no such library: fdl was built without it
  std::string reason;       // in the loader's words, otherwise
};

// Looks for `library` ("libfdl_unpack.so") beside the running program, then at `built`, where the
// build put it, or "". It is never unloaded: who asks again finds it in place.
PluginFunction find_plugin_function(const char* library, const std::filesystem::path& built,
                                    const char* function);

}  // namespace fdl
