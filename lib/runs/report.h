#pragma once

#include <filesystem>

#include "lib/base/result.h"

namespace fdl::runs {

// report.html in the run's folder: the dashboard's page with all that it shows in it, so that it
// needs no server and no network. Series are thinned so that it stays below 2 MiB, but for what a
// person has put into the run. Errors: FDL5002.
Result<void> write_report(const std::filesystem::path& run);

}  // namespace fdl::runs
