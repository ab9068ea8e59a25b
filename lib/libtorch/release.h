#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fdl::libtorch {

// One file of a release: what pip is asked for, and what must arrive.
struct Pin {
  std::string requirement;  // "torch==2.11.0"
  std::string file;         // the wheel's file name
  std::string sha256;
  std::uint64_t num_bytes = 0;
};

// One build of libtorch that fdl knows how to install. Where a variant with CUDA comes later, it is
// another value of this type.
struct Release {
  std::string version;      // "2.11.0"
  std::string variant;      // "cpu": the folder's name below precompiled/
  std::string cuda;         // for .arch: "none" or the toolkit's version
  std::string archs;        // for .arch: "cpu" or compute capabilities
  std::vector<Pin> wheels;  // torch itself comes first
  // Names of the libraries that libtorch_cpu needs at load time when it was built with CUDA.
  std::vector<std::string> cuda_libraries;
};

// The release that this fdl is built for.
Release pinned_release();

// The pin with that file name, or nullptr.
const Pin* find_pin(const Release& release, const std::string& file);

}  // namespace fdl::libtorch
