#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct SafetensorsParams {
  std::string file;
  config::Node fields;
};

inline EntrySpec safetensors_spec() {
  using P = SafetensorsParams;
  return declare_entry<P>("safetensors",
                          "Tensors of a safetensors file, read as they are needed; their first "
                          "axis goes through "
                          "the samples. Each further key names a field: its value is a tensor, or "
                          "a map `{ tensor: "
                          "y, classes: 10 }`. Without any, each tensor is a field.")
      .param("file", &P::file, "The file.", config::required, config::main_field)
      .other_keys()
      .source("huggingface.co/docs/safetensors");
}

}  // namespace fdl::catalog
