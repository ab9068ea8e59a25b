#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fdl::libtorch {

// One file of a release: what pip is asked for, and what must arrive.
struct Pin {
  std::string requirement;  // "torch==2.11.0"
  std::string file;         // the wheel's file name
  std::string sha256;
  std::uint64_t num_bytes = 0;
  // What it brings below `lib` that this variant cannot do without, where libtorch has CUDA.
  std::vector<std::string> libraries;
};

// One build of libtorch that fdl knows how to install.
struct Release {
  std::string version;      // "2.11.0"
  std::string variant;      // "cpu": the folder's name below precompiled/
  std::string about;        // what it is for, in a few words
  std::string cuda;         // for .arch: "none" or the toolkit's version
  std::string archs;        // for .arch: "cpu" or compute capabilities
  std::vector<Pin> wheels;  // torch itself comes first
  // Parts of the names of the wheels' libraries that are not installed.
  std::vector<std::string> left_out;

  bool has_cuda() const { return cuda != "none"; }
};

// The releases that this fdl is built for, all of one version: programs built with one run with
// each. The first is the one to take where none is named.
const std::vector<Release>& releases();

// The release of that variant, or nullptr.
const Release* find_release(std::string_view variant);

// "cpu", "cu130".
std::vector<std::string> variant_names();

// The pin with that file name, or nullptr.
const Pin* find_pin(const Release& release, const std::string& file);

}  // namespace fdl::libtorch
