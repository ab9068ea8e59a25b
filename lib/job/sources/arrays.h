#pragma once

#include "lib/job/job.h"

// Fields whose samples have one size and stand one behind the other in files: what the inspectors
// of such sources tell lib/data.
namespace fdl::job {

struct ArrayFile {
  std::filesystem::path path;
  std::uint64_t offset = 0;  // of its first element
  std::int64_t num_samples = 0;
};

struct ArrayField {
  std::vector<ArrayFile> files;                // one after the other
  std::uint64_t stride = 0;                    // bytes from one sample to the next
  std::uint64_t num_bytes = 0;                 // of a sample
  catalog::DType stored = catalog::DType::U8;  // labels of other integers become i64
};

struct ArrayDetails {
  std::vector<ArrayField> fields;  // one for each of SourceInfo::fields
};

// A run of token numbers over several files.
struct TokenDetails {
  std::vector<ArrayFile> files;  // num_samples are tokens
  std::int64_t token_bytes = 2;
};

}  // namespace fdl::job
