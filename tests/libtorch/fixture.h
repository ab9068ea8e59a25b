#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/libtorch/install.h"
#include "tests/libtorch/zip_file.h"
#include "tests/temporary_folder.h"

namespace fdl::testing {

// The entries of wheels in miniature. Each file's content is its name and `mark`, so that two
// builds of one version can be told apart.
std::vector<ZipEntry> torch_entries(const std::string& version, const std::string& mark = "");
std::vector<ZipEntry> cudart_entries(const std::string& mark = "");
std::vector<ZipEntry> cupti_entries(const std::string& mark = "");

inline constexpr const char* kTorchWheel = "torch-9.8.7-cp311-cp311-linux_x86_64.whl";
inline constexpr const char* kCudartWheel = "nvidia_cuda_runtime-1.2.3-py3-none-any.whl";
inline constexpr const char* kCuptiWheel = "nvidia_cuda_cupti-1.2.3-py3-none-any.whl";

inline constexpr const char* kCublasWheel = "nvidia_cublas-1.2.3-py3-none-any.whl";
inline constexpr const char* kCudnnWheel = "nvidia_cudnn_cu13-1.2.3-py3-none-any.whl";

// Writes the three wheels of version 9.8.7 into `folder`.
void write_wheels(const TemporaryFolder& folder, const std::string& mark = "");

// Writes the two that the variant with CUDA takes besides.
void write_cuda_wheels(const TemporaryFolder& folder);

// Releases whose pins are the wheels in `folder`.
libtorch::Release release_of(const TemporaryFolder& folder);
libtorch::Release cuda_release_of(const TemporaryFolder& folder);

// What is below `<home>/libtorch`: path to content, "/" for a folder. Without the lock file.
using Tree = std::map<std::string, std::string>;
Tree tree_of(const std::filesystem::path& home);

// The tree after an installation of write_wheels(mark).
Tree installed_tree(const std::string& mark = "");

// `text` of the file at `path`, made with its folders.
void write_file(const std::filesystem::path& path, const std::string& text);

// A home, the wheels to install and the options that do it.
struct Bench {
  explicit Bench(const std::string& mark = "");

  TemporaryFolder home;
  TemporaryFolder wheels;
  libtorch::InstallOptions options;

  Result<libtorch::InstallReport> install() const { return libtorch::install(options, {}); }
  Tree tree() const { return tree_of(home.path()); }
};

// Message, notes and help of a failed result in one text.
template <typename T>
std::string words_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  std::string out = result.error().message + "\n" + result.error().help_text;
  for (const Note& note : result.error().notes) out += "\n" + note.text;
  return out;
}

template <typename T>
void check_fails(const Result<T>& result, Code code, const std::string& part) {
  REQUIRE_FALSE(result.has_value());
  const std::string words = words_of(result);
  CAPTURE(words);
  CHECK(result.error().code == code);
  CHECK(words.find(part) != std::string::npos);
}

}  // namespace fdl::testing
