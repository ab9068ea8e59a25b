#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct NpyParams {
  config::Node fields;
};

inline EntrySpec npy_spec() {
  return declare_entry<NpyParams>(
             "npy",
             "Arrays that numpy.save wrote, read as they are needed: each key names a field, its "
             "value is a file whose first axis goes through the samples, or a map `{ file: y.npy, "
             "classes: 10 }`.")
      .other_keys()
      .source("numpy.lib.format");
}

}  // namespace fdl::catalog
