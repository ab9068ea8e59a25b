#include "lib/job/duration.h"

#include <doctest/doctest.h>

namespace fdl::job {

TEST_CASE("durations are a number and a unit") {
  CHECK(parse_duration("90s") == 90);
  CHECK(parse_duration("90 s") == 90);
  CHECK(parse_duration("1 second") == 1);
  CHECK(parse_duration("5 minutes") == 300);
  CHECK(parse_duration("5min") == 300);
  CHECK(parse_duration("2h") == 7200);
  CHECK(parse_duration("0.5 hours") == 1800);
  CHECK(parse_duration("1.5 days") == 129600);
  for (const char* text : {"", "90", "s", "5 parsecs", "-5s", "0s", "2hs", "2  h", ".inf s",
                           ".nanh", "5 minutes 3", "1e400s", "h2"}) {
    CAPTURE(text);
    CHECK(!parse_duration(text));
  }
}

}  // namespace fdl::job
