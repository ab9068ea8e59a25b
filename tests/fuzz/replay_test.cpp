#include <doctest/doctest.h>

#include "tests/fuzz/targets.h"
#include "tests/temporary_folder.h"

namespace fdl::fuzz {

// tests/fuzz/finds/TARGET holds every input that once broke something, and the seeds.
TEST_CASE("what fuzzing once found stays mended") {
  int num_files = 0;
  const std::filesystem::path finds = std::filesystem::path(FDL_SOURCE_ROOT) / "tests/fuzz/finds";
  for (const NamedTarget& one : kTargets) {
    for (const auto& entry : std::filesystem::directory_iterator(finds / one.name)) {
      CAPTURE(entry.path().string());
      CHECK_NOTHROW(one.target(testing::bytes_of(entry.path())));
      ++num_files;
    }
    CHECK_NOTHROW(one.target(""));
  }
  CHECK(num_files > 0);
}

}  // namespace fdl::fuzz
