#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct MnistParams {
  std::string split = "train";
  std::string path;
};

inline EntrySpec mnist_spec() {
  using P = MnistParams;
  return declare_entry<P>(
             "mnist", "70,000 handwritten digits, 28 x 28; fields image (u8[1, 28, 28]) and label.")
      .param("split", &P::split, "Which half of the set.", config::main_field,
             config::choices({"train", "test"}))
      .param("path", &P::path,
             "Folder with the idx files; empty means where `fdl data fetch` puts them, else the "
             "system's folder.")
      .source("LeCun, Cortes and Burges 1998");
}

}  // namespace fdl::catalog
