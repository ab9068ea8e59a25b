#pragma once

#include <cstddef>

#include "lib/onnx/model.h"

// The interface of libfdl_onnx.so, which holds the only code that links ONNX's and Protocol
// Buffers' libraries. `fdl` loads it when a model is to be written; see write.h for the interface
// that the rest uses.

// Hands the file's bytes to `take` in order, until that says false; empties the model's constants
// on the way. False when it could not.
extern "C" bool fdl_onnx_write(fdl::onnx::Model* model,
                               bool (*take)(void* context, const void* bytes,
                                            std::size_t num_bytes),
                               void* context) noexcept;
