#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Data sets that have a name of their own in a manifest.
namespace fdl::fetch {

// A file as it stands in a set's folder. `num_bytes` and `sha256` are those of its content, without
// the gzip around it: mirrors pack in different ways.
struct KnownFile {
  std::string name;  // "train-images-idx3-ubyte"; the same with .gz counts too
  std::uint64_t num_bytes = 0;
  std::string sha256;  // empty for a member of an archive, which has its own
};

// A tar.gz that holds all files of a set.
struct KnownArchive {
  std::string name;  // "cifar-10-binary.tar.gz"
  std::uint64_t num_bytes = 0;
  std::string sha256;
};

struct KnownSet {
  std::string name;
  std::vector<KnownFile> files;
  std::optional<KnownArchive> archive;  // else each file is downloaded,
  bool packed = true;                   // with .gz, or as it is
  std::vector<std::string> mirrors;     // folders, with a slash at the end
  std::filesystem::path system_folder;  // where a package of the system puts it
  std::string package;                  // that package of Debian's, or ""
};

const std::vector<KnownSet>& known_sets();
const KnownSet* find_known(std::string_view name);  // or null
std::vector<std::string> known_names();

// Where a set is looked for, in this order: `data/<name>` in the project's folder, which is where
// `fdl data fetch` puts it, and the system's folder.
std::vector<std::filesystem::path> search_folders(const KnownSet& set,
                                                  const std::filesystem::path& project);

// The first of them that has all files; empty when none has. Looks at names only.
std::optional<std::filesystem::path> find_folder(const KnownSet& set,
                                                 const std::filesystem::path& project);

// `name`, or `name`.gz, in a folder; empty when neither is there.
std::optional<std::filesystem::path> find_file(const std::filesystem::path& folder,
                                               const std::string& name);

}  // namespace fdl::fetch
