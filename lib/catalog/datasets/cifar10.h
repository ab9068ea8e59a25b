#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct Cifar10Params {
  std::string split = "train";
  std::string path;
};

inline EntrySpec cifar10_spec() {
  using P = Cifar10Params;
  return declare_entry<P>("cifar10",
                          "60,000 colour pictures, 32 x 32, in 10 classes; fields image (u8[3, 32, "
                          "32]) and label.")
      .param("split", &P::split, "Which half of the set.", config::main_field,
             config::choices({"train", "test"}))
      .param(
          "path", &P::path,
          "The folder cifar-10-batches-bin, with data_batch_1.bin to 5 and test_batch.bin; empty "
          "means where `fdl data fetch` puts it.")
      .source("Krizhevsky 2009; the binary version");
}

}  // namespace fdl::catalog
