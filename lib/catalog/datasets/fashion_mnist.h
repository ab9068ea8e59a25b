#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct FashionMnistParams {
  std::string split = "train";
  std::string path;
};

inline EntrySpec fashion_mnist_spec() {
  using P = FashionMnistParams;
  return declare_entry<P>("fashion_mnist",
                          "70,000 pictures of clothes, 28 x 28, in 10 classes; fields image (u8[1, "
                          "28, 28]) and label.")
      .param("split", &P::split, "Which half of the set.", config::main_field,
             config::choices({"train", "test"}))
      .param("path", &P::path,
             "Folder with the idx files; empty means where `fdl data fetch` puts them, else the "
             "system's folder.")
      .source("Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747");
}

}  // namespace fdl::catalog
