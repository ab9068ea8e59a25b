#include <doctest/doctest.h>

#include "lib/job/job.h"

namespace fdl::job {
namespace {

std::string range_of(const std::string& text, std::int64_t num_samples) {
  const Result<SampleRange> range = read_slice(text, num_samples, {});
  if (!range) return to_string(range.error().code);
  return std::to_string(range->begin) + "-" + std::to_string(range->end);
}

}  // namespace

TEST_CASE("slices in samples and percent") {
  CHECK(range_of("", 100) == "0-100");
  CHECK(range_of(":", 100) == "0-100");
  CHECK(range_of(":55", 100) == "0-55");
  CHECK(range_of("55:", 100) == "55-100");
  CHECK(range_of("10:20", 100) == "10-20");
  CHECK(range_of(":90%", 1000) == "0-900");
  CHECK(range_of("90%:", 1000) == "900-1000");
  CHECK(range_of("12.5%:50%", 1000) == "125-500");
  CHECK(range_of(":100%", 7) == "0-7");
}

TEST_CASE("the same share ends one part and begins the next, whatever the number") {
  for (std::int64_t n = 1; n < 300; ++n) {
    for (const char* share : {"10%", "33.3%", "50%", "90%"}) {
      CAPTURE(n);
      const auto low = read_slice(std::string(":") + share, n, {}),
                 high = read_slice(std::string(share) + ":", n, {});
      if (low && high) CHECK(low->end == high->begin);
      CHECK((low || high));
    }
  }
}

TEST_CASE("slices that cannot be read, are empty or reach too far") {
  for (const char* text :
       {"5", "a:b", "-1:", ":-1", "1:2:3", "5:5", "6:5", ":101", "101:", ":101%", "-1%:", ":%",
        ":nan%", ":.nan%", " :5", "1e1:", ":9223372036854775808", "100:", ":0"}) {
    CAPTURE(text);
    CHECK(range_of(text, 100) == "FDL4007");
  }
}

}  // namespace fdl::job
