#include "lib/fetch/known_sets.h"

#include <algorithm>
#include <array>

namespace fdl::fetch {
namespace {

namespace fs = std::filesystem;

// The four files of MNIST and of its kin: training images and labels, then those of the test.
std::vector<KnownFile> idx_files(const std::array<std::string, 4>& sha256) {
  return {{"train-images-idx3-ubyte", 47'040'016, sha256[0]},
          {"train-labels-idx1-ubyte", 60'008, sha256[1]},
          {"t10k-images-idx3-ubyte", 7'840'016, sha256[2]},
          {"t10k-labels-idx1-ubyte", 10'008, sha256[3]}};
}

KnownSet mnist() {
  KnownSet out;
  out.name = "mnist";
  out.files = idx_files({"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                         "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                         "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                         "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"});
  out.mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                 "https://storage.googleapis.com/cvdf-datasets/mnist/"};
  out.system_folder = "/usr/share/datasets/mnist";
  return out;
}

KnownSet fashion_mnist() {
  KnownSet out;
  out.name = "fashion_mnist";
  out.files = idx_files({"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                         "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                         "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                         "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"});
  out.mirrors = {"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
                 "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"};
  out.system_folder = "/usr/share/datasets/fashion-mnist";
  out.package = "dataset-fashion-mnist";
  return out;
}

// Both are at the university of their authors.
KnownSet cifar(const std::string& name, const KnownArchive& archive,
               const std::vector<KnownFile>& files) {
  KnownSet out;
  out.name = name;
  out.files = files;
  out.archive = archive;
  out.mirrors = {"https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"};
  out.system_folder = "/usr/share/datasets/" + name;
  return out;
}

KnownSet cifar10() {
  constexpr std::uint64_t kBatchBytes = 10'000 * 3'073;
  std::vector<KnownFile> files;
  for (int i = 1; i <= 5; ++i)
    files.push_back({"data_batch_" + std::to_string(i) + ".bin", kBatchBytes, ""});
  files.push_back({"test_batch.bin", kBatchBytes, ""});
  return cifar("cifar10",
               {"cifar-10-binary.tar.gz", 170'052'171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
               files);
}

KnownSet cifar100() {
  constexpr std::uint64_t kRecordBytes = 3'074;
  return cifar("cifar100",
               {"cifar-100-binary.tar.gz", 168'513'733,
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"},
               {{"train.bin", 50'000 * kRecordBytes, ""}, {"test.bin", 10'000 * kRecordBytes, ""}});
}

// 40,000 lines of Shakespeare's plays: no source of its own, a file for `text`.
KnownSet tiny_shakespeare() {
  KnownSet out;
  out.name = "tiny_shakespeare";
  out.files = {
      {"input.txt", 1'115'394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"}};
  out.packed = false;
  out.mirrors = {
      "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"};
  out.system_folder = "/usr/share/datasets/tiny-shakespeare";
  return out;
}

}  // namespace

const std::vector<KnownSet>& known_sets() {
  static const std::vector<KnownSet> sets = {cifar10(), cifar100(), fashion_mnist(), mnist(),
                                             tiny_shakespeare()};
  return sets;
}

const KnownSet* find_known(std::string_view name) {
  const auto& sets = known_sets();
  const auto it =
      std::find_if(sets.begin(), sets.end(), [&](const KnownSet& set) { return set.name == name; });
  return it != sets.end() ? &*it : nullptr;
}

std::vector<std::string> known_names() {
  std::vector<std::string> out;
  for (const KnownSet& set : known_sets()) out.push_back(set.name);
  return out;
}

std::vector<fs::path> search_folders(const KnownSet& set, const fs::path& project) {
  return {project / "data" / set.name, set.system_folder};
}

std::optional<fs::path> find_file(const fs::path& folder, const std::string& name) {
  for (const fs::path& path : {folder / name, folder / (name + ".gz")}) {
    std::error_code code;  // a folder that may not be entered: as if not there
    if (fs::exists(path, code)) return path;
  }
  return std::nullopt;
}

std::optional<fs::path> find_folder(const KnownSet& set, const fs::path& project) {
  for (const fs::path& folder : search_folders(set, project)) {
    if (std::all_of(set.files.begin(), set.files.end(),
                    [&](const KnownFile& file) { return find_file(folder, file.name); }))
      return folder;
  }
  return std::nullopt;
}

}  // namespace fdl::fetch
