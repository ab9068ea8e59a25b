#include "lib/cuda/backend.h"

#include <dlfcn.h>
#include <filesystem>

#include <ATen/Context.h>

#include "lib/base/check.h"
#include "lib/base/plugin.h"

namespace fdl::cuda {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHelp = "`training.device: cpu` trains without one";

// The folder that libtorch was loaded from.
fs::path libtorch_folder() {
  Dl_info found{};
  at::Context& (*const inside)() = at::globalContext;
  if (::dladdr(reinterpret_cast<void*>(inside), &found) == 0 || found.dli_fname == nullptr)
    return {};
  return fs::path(found.dli_fname).parent_path();
}

Result<Backend*> load() {
  const fs::path half = libtorch_folder() / "libtorch_cuda.so";
  std::error_code ignored;
  if (!fs::exists(half, ignored)) {
    return fail(
        error(Code::NoCuda, {}, "libtorch in '{}' computes on CPUs alone",
              half.parent_path().string())
            .help("`fdl libtorch install --variant cu130` installs the one that computes on "
                  "GPUs too; {}",
                  kHelp));
  }
  // Its kernels register themselves; what libfdl_cuda.so calls must be found in it.
  if (::dlopen(half.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* const reason = ::dlerror();
    return fail(error(Code::NoCuda, {}, "cannot load '{}': {}", half.string(),
                      reason == nullptr ? "unknown reason" : reason)
                    .help("{}", kHelp));
  }
  constexpr const char* kName = "libfdl_cuda.so";
  const PluginFunction found = find_plugin_function(kName, FDL_CUDA_BUILT, "fdl_cuda_backend");
  if (found.address == nullptr) {
    return fail(
        error(Code::NoCuda, {}, "cannot load '{}': {}", kName, found.reason)
            .help("it is built where nvcc of CUDA 13 is found, and belongs beside fdl-engine; {}",
                  kHelp));
  }
  Backend* const out = reinterpret_cast<Backend* (*)()>(found.address)();
  if (out->num_devices() > 0) return out;
  return fail(error(Code::NoDevice, {}, "there is no CUDA device here that its driver shows")
                  .help("`nvidia-smi` lists what the driver sees; {}", kHelp));
}

Result<Backend*>& loaded() {
  static Result<Backend*> out = load();
  return out;
}

}  // namespace

Result<Backend*> open() { return loaded(); }

Backend& backend() {
  FDL_CHECK(loaded().has_value());
  return **loaded();
}

}  // namespace fdl::cuda
