#include "lib/onnx/write.h"

#include "lib/base/files.h"
#include "lib/base/plugin.h"
#include "lib/onnx/write_plugin.h"

namespace fdl::onnx {
namespace {

namespace fs = std::filesystem;

using WriteFunction = decltype(&fdl_onnx_write);

Result<WriteFunction> load_plugin() {
  constexpr const char* kName = "libfdl_onnx.so";
  const PluginFunction found = find_plugin_function(kName, FDL_ONNX_BUILT, "fdl_onnx_write");
  if (found.address != nullptr) return reinterpret_cast<WriteFunction>(found.address);
  Diagnostic d = found.is_absent
                     ? error(Code::CannotExport, {}, "this fdl was built without ONNX")
                     : error(Code::CannotExport, {}, "cannot load '{}': {}", kName, found.reason);
  return fail(std::move(d).help("install libonnx-dev and libprotobuf-dev, and build fdl again"));
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
