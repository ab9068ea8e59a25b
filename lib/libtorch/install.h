#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/libtorch/release.h"

namespace fdl::libtorch {

struct InstallOptions {
  std::filesystem::path home;  // see home.h
  std::filesystem::path from;  // what find_origin takes; empty: download with pip
  bool force = false;          // install again what is already there
  bool no_activate = false;    // leave `.active` as it is
  bool dry_run = false;        // only say what would be done; nothing is written
  Release release = releases().front();
};

enum class InstallStep { Downloading, Checking, Unpacking, Copying, Replacing, Activating };

struct InstallProgress {
  InstallStep step;
  std::string file;  // name of the file at hand; empty when there is none
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;  // 0: not known
};

// Called on the thread that called install(), several times a step.
using ProgressCallback = std::function<void(const InstallProgress&)>;

struct InstallReport {
  std::string variant;               // "precompiled/cpu"
  std::filesystem::path folder;      // absolute
  bool already_there = false;        // that version was there and whole: nothing was unpacked
  bool active = false;               // it is (in a dry run: would be) the active one
  std::vector<std::string> actions;  // what was (would be) done, a sentence each
};

// Puts the release into `<home>/libtorch/precompiled/<variant>` and makes it the active one. It is
// made and checked in a staging folder first: a failure or a kill at any moment leaves what was
// there before. Files with a pinned name must have the pinned SHA-256; anything else must name the
// release's version. Errors: LibtorchDownload, LibtorchHash, LibtorchSource, ArchiveUnsafe,
// LibtorchBad, CannotRead, CannotWrite.
Result<InstallReport> install(const InstallOptions& options, const ProgressCallback& progress);

}  // namespace fdl::libtorch
