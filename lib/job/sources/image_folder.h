#pragma once

#include <filesystem>
#include <string>
#include <vector>

// What the inspector of `image_folder` tells lib/data.
namespace fdl::job {

struct ImageFolderDetails {
  struct Picture {
    std::string name;  // within the folder of its class
    std::int64_t label = 0;
  };
  std::filesystem::path folder;
  std::vector<std::string> classes;  // names of folders, by number
  std::vector<Picture> pictures;

  std::filesystem::path path_of(const Picture& picture) const {
    return folder / classes[static_cast<std::size_t>(picture.label)] / picture.name;
  }
};

}  // namespace fdl::job
