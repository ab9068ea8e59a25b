#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct Cifar100Params {
  std::string split = "train";
  std::string path;
  std::string labels = "fine";
};

inline EntrySpec cifar100_spec() {
  using P = Cifar100Params;
  return declare_entry<P>("cifar100",
                          "60,000 colour pictures, 32 x 32, in 100 classes; fields image (u8[3, "
                          "32, 32]) and label.")
      .param("split", &P::split, "Which half of the set.", config::main_field,
             config::choices({"train", "test"}))
      .param(
          "path", &P::path,
          "The folder cifar-100-binary, with train.bin and test.bin; empty means where `fdl data "
          "fetch` puts it.")
      .param("labels", &P::labels, "100 fine or 20 coarse classes.",
             config::choices({"fine", "coarse"}))
      .source("Krizhevsky 2009; the binary version");
}

}  // namespace fdl::catalog
