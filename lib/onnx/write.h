#pragma once

#include <filesystem>

#include "lib/base/result.h"
#include "lib/onnx/model.h"

namespace fdl::onnx {

// Writes the file atomically; takes the bytes out of the model on the way. Errors: FDL5002, FDL5221
// where this program was built without ONNX's library.
Result<void> write(Model& model, const std::filesystem::path& path);

}  // namespace fdl::onnx
