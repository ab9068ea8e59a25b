#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "lib/format/safetensors.h"
#include "lib/weights/weight_files.h"

namespace fdl::testing {

// A tensor of f32 numbers for a small file.
struct Numbers {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

inline std::filesystem::path write(const std::filesystem::path& path,
                                   const std::vector<Numbers>& tensors) {
  std::vector<format::TensorBytes> list;
  for (const Numbers& t : tensors) {
    list.push_back(
        {t.name, format::SafetensorsDtype::F32, t.shape, t.values.data(), 4 * t.values.size()});
  }
  REQUIRE(format::write_safetensors(path, list).has_value());
  return path;
}

inline weights::WeightFiles open(const std::filesystem::path& path) {
  auto files = weights::open_weights(path);
  INFO((files ? "" : files.error().message));
  REQUIRE(files.has_value());
  return *std::move(files);
}

inline std::vector<float> numbers_of(const weights::WeightFiles& files, const std::string& name) {
  const weights::StoredTensor* tensor = files.find(name);
  REQUIRE(tensor != nullptr);
  std::vector<float> out(tensor->num_elements());
  REQUIRE(files.read(*tensor, 0, std::as_writable_bytes(std::span(out))).has_value());
  return out;
}

}  // namespace fdl::testing
