#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/pattern.h"
#include "lib/base/regex.h"
#include "lib/base/span.h"

namespace fdl::weights {

struct RenameRule {
  Regex match;
  std::string replacement;
};

// What a manifest says about loading tensors from files.
struct Request {
  std::filesystem::path from;  // as open_weights takes it
  std::string shown;           // as it is written
  Span span;
  std::string prefix;  // only names that begin so count; it is taken away, before the renaming
  std::vector<RenameRule> renames;  // applied in order, each to what the former made
  std::optional<Pattern> only;      // renamed names that do not match do not count
  bool strict = true;               // what is missing, unexpected or of another shape is an error
};

}  // namespace fdl::weights
