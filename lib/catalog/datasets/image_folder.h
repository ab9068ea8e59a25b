#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct ImageFolderParams {
  std::string path;
  std::optional<std::array<std::int64_t, 2>> size;
  std::int64_t channels = 3;
  std::vector<std::string> classes;
};

inline EntrySpec image_folder_spec() {
  using P = ImageFolderParams;
  return declare_entry<P>(
             "image_folder",
             "JPEG and PNG pictures, a folder for each class, decoded as they are needed; fields "
             "image (u8[channels, height, width]) and label. Samples are in order of class, then "
             "of "
             "name: slice with a `shuffle_seed`.")
      .param("path", &P::path, "The folder of the classes' folders.", config::required,
             config::main_field)
      .param("size", &P::size,
             "Height and width that pictures are scaled to; else all must have one size.",
             config::at_least(1))
      .param("channels", &P::channels, "3 for colours, 1 for grey.", config::between(1, 3))
      .param("classes", &P::classes,
             "The folders, in the order of their numbers; else all, in order of name.")
      .source("torchvision ImageFolder");
}

}  // namespace fdl::catalog
