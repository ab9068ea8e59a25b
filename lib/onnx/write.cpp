#include "lib/onnx/write.h"

#include <dlfcn.h>

#include "lib/base/files.h"
#include "lib/onnx/write_plugin.h"

namespace fdl::onnx {
namespace {

namespace fs = std::filesystem;

using WriteFunction = decltype(&fdl_onnx_write);

// Never unloaded.
Result<WriteFunction> load_plugin() {
  constexpr const char* kName = "libfdl_onnx.so";
  std::error_code code;
  const fs::path beside = fs::read_symlink("/proc/self/exe", code).parent_path() / kName;
  const fs::path built = FDL_ONNX_BUILT;
  const fs::path& path = !code && fs::exists(beside, code) ? beside : built;
  if (path.empty() || !fs::exists(path, code)) {
    return fail(error(Code::CannotExport, {}, "this fdl was built without ONNX")
                    .help("install libonnx-dev and libprotobuf-dev, and build fdl again"));
  }
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const symbol = library != nullptr ? ::dlsym(library, "fdl_onnx_write") : nullptr;
  if (symbol != nullptr) return reinterpret_cast<WriteFunction>(symbol);
  return fail(error(Code::CannotExport, {}, "cannot load '{}': {}", kName, ::dlerror())
                  .help("install libonnx-dev and libprotobuf-dev, and build fdl again"));
}

// What the plugin hands its bytes to; keeps the first failure.
struct Sink {
  FileWriter& out;
  Result<void> result;
};

bool take(void* context, const void* bytes, std::size_t num_bytes) {
  auto& sink = *static_cast<Sink*>(context);
  sink.result = sink.out.write(bytes, num_bytes);
  return sink.result.has_value();
}

}  // namespace

Result<void> write(Model& model, const fs::path& path) {
  const Result<WriteFunction> function = load_plugin();
  if (!function) return fail(function.error());
  return write_atomic(path, [&](FileWriter& out) -> Result<void> {
    Sink sink{out, {}};
    if ((*function)(&model, take, &sink)) return {};
    if (!sink.result) return sink.result;
    return fail(error(Code::CannotExport, {}, "the model is too large for ONNX"));
  });
}

}  // namespace fdl::onnx
