#include "lib/base/result.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

using fdl::Code;
using fdl::error;
using fdl::fail;
using fdl::Result;

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(error(Code::OutOfRange, {}, "'{}' is odd", number));
  return number / 2;
}

Result<void> check_half(int number) {
  FDL_TRY(half(number));
  return {};
}

Result<std::string> describe(int number, int& num_calls) {
  FDL_TRY((++num_calls, check_half(number)));
  return std::string("even");
}

}  // namespace

TEST_CASE("a result holds its value") {
  REQUIRE(half(8).has_value());
  CHECK(*half(8) == 4);
}

TEST_CASE("a result holds its diagnostic") {
  REQUIRE(!half(7));
  CHECK(half(7).error().message == "'7' is odd");
  CHECK(half(7).error().code == Code::OutOfRange);
}

TEST_CASE("FDL_TRY returns the error unchanged, also from another value type") {
  int num_calls = 0;
  const Result<std::string> outcome = describe(7, num_calls);
  REQUIRE(!outcome);
  CHECK(outcome.error().message == "'7' is odd");
  CHECK(num_calls == 1);  // the expression is evaluated once
}

TEST_CASE("FDL_TRY goes on after success") {
  int num_calls = 0;
  CHECK(*describe(8, num_calls) == "even");
  CHECK(num_calls == 1);
}

TEST_CASE("a result can hold what can only be moved") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = *std::move(result);
  CHECK(*taken == 5);
}
