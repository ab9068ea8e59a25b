#include "lib/base/code.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

using fdl::all_codes;
using fdl::Code;
using fdl::CodeEntry;
using fdl::to_string;

TEST_CASE("a code prints as FDL and four digits") {
  CHECK(to_string(Code::UnknownKey) == "FDL2001");
  CHECK(to_string(Code::Internal) == "FDL9999");
}

TEST_CASE("every code has a number of its own, four digits, a title and an explanation") {
  REQUIRE(all_codes().size() > 50);
  std::set<int> numbers;
  std::set<std::string_view> titles;
  for (const CodeEntry& entry : all_codes()) {
    CAPTURE(to_string(entry.code));
    CHECK(numbers.insert(static_cast<int>(entry.code)).second);
    CHECK(titles.insert(entry.title).second);
    CHECK(to_string(entry.code).size() == 7);
    CHECK(!entry.title.empty());
    CHECK(!entry.title.ends_with('.'));
    CHECK(entry.explanation.ends_with('.'));
  }
}
