#pragma once

#include <string>
#include <vector>

#include "commands/bench/report.h"

namespace fdl::commands::bench {

struct NamedReport {
  std::string name;  // of its file
  Report report;
};

// docs/benchmarks.md: stored reports as tables, a claim of others beside them, and, out of
// bench/README.md (`readme`), what the figures mean and where the sides differ. Errors: FDL5440
// where `readme` lacks those.
Result<std::string> to_document(const std::vector<NamedReport>& reports, const std::string& readme);

}  // namespace fdl::commands::bench
