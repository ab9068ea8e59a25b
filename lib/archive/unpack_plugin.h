#pragma once

#include <cstdint>

// The plain C interface of libfdl_unpack.so, which holds the only code that links libarchive. `fdl`
// loads it when an archive is to be unpacked; see unpack.h for the interface that the rest uses.

namespace fdl::archive {

enum class UnpackOutcome : int {
  Done = 0,
  Unsafe = 1,       // an entry wants more than a file below the folder, or more room than allowed
  Damaged = 2,      // the archive cannot be read, or ends too early
  CannotWrite = 3,  // the disk's fault; `system_error` is its errno
};

struct UnpackRequest {
  const char* archive;
  const char* folder;         // must exist
  std::uint64_t limit_bytes;  // for all entries together, unpacked
  int is_tar_gz;              // else a zip file
  // Where an entry goes below `folder`; nullptr leaves it out. The text must live until the next
  // call. Called only for files whose name is safe.
  const char* (*place)(void* context, const char* entry);
  // Called now and then with the bytes of the archive that have been read.
  void (*progress)(void* context, std::uint64_t read_bytes);
  void* context;
};

// What went wrong; texts are cut to fit and always end in NUL.
struct UnpackProblem {
  char entry[512];   // the entry, or the file that cannot be written; empty when it is none of them
  char reason[512];  // "is a link to '../x'": continues the sentence that names the entry
  int system_error;
};

}  // namespace fdl::archive

// Streams the entries to the disk with a fixed amount of memory. Files of earlier entries stay
// where they are when it fails: the caller unpacks into a folder that it throws away.
extern "C" fdl::archive::UnpackOutcome fdl_unpack(const fdl::archive::UnpackRequest* request,
                                                  fdl::archive::UnpackProblem* problem) noexcept;
