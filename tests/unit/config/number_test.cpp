#include "lib/config/number.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <doctest/doctest.h>

namespace fdl::config {

TEST_CASE("only the YAML 1.2 core schema's words are booleans") {
  for (const char* text : {"true", "True", "TRUE"}) CHECK(parse_bool(text) == true);
  for (const char* text : {"false", "False", "FALSE"}) CHECK(parse_bool(text) == false);
  for (const char* text : {"yes", "no", "on", "off", "y", "n", "tRUE", "1", "0", "", " true"}) {
    CAPTURE(text);
    CHECK(parse_bool(text) == std::nullopt);
  }
}

TEST_CASE("integers are decimal, hexadecimal or octal") {
  CHECK(parse_integer("0") == 0);
  CHECK(parse_integer("-7") == -7);
  CHECK(parse_integer("+7") == 7);
  CHECK(parse_integer("007") == 7);
  CHECK(parse_integer("0x1F") == 31);
  CHECK(parse_integer("0o17") == 15);
  CHECK(parse_integer("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_integer("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("what only looks like an integer is none") {
  for (const char* text : {"",        "-",   "+",    "+-7",  "-+7",  "--7", "1_000",
                           "0x",      "0o",  "0x-1", "0x+1", "0o-7", "0o8", "-0x1",
                           "0b1",     "1.0", "1e3",  " 1",   "1 ",   "1a",  "9223372036854775808",
                           "12:30:45"}) {
    CAPTURE(text);
    CHECK(parse_integer(text) == std::nullopt);
  }
}

TEST_CASE("numbers with a point, an exponent, or neither") {
  CHECK(parse_number("1e-3") == 1e-3);
  CHECK(parse_number("1E+3") == 1000);
  CHECK(parse_number("+1.5") == 1.5);
  CHECK(parse_number("-.5") == -0.5);
  CHECK(parse_number("5.") == 5);
  CHECK(parse_number("0x10") == 16);
  CHECK(parse_number("9223372036854775808") == 9223372036854775808.0);
}

TEST_CASE("infinity and not-a-number have the schema's three spellings each") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const char* text : {".inf", ".Inf", ".INF", "+.inf", "+.INF"}) {
    CAPTURE(text);
    CHECK(parse_number(text) == kInfinity);
  }
  for (const char* text : {"-.inf", "-.Inf", "-.INF"}) CHECK(parse_number(text) == -kInfinity);
  for (const char* text : {".nan", ".NaN", ".NAN"}) {
    CAPTURE(text);
    CHECK(std::isnan(parse_number(text).value_or(0)));
  }
}

TEST_CASE("what only looks like a number is none") {
  for (const char* text : {"",      ".",     "+",        "-",    "e3",    ".e3",   "1e",    "1e+",
                           "inf",   "nan",   "infinity", "-inf", "+-1.5", "++1.5", "1.2.3", "1,5",
                           "0x1p3", "1e3.5", " 1.5",     "1.5 ", "0x1.8", "+.nan", "-.nan"}) {
    CAPTURE(text);
    CHECK(parse_number(text) == std::nullopt);
  }
}

TEST_CASE("a number that is shown reads back as itself") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    static_assert(sizeof value == sizeof bits);
    std::memcpy(&value, &bits, sizeof value);
    if (i % 2 == 0) value = std::round(std::ldexp(static_cast<double>(bits), -(i % 64)));
    CAPTURE(value);
    const auto back = parse_number(show_number(value));
    REQUIRE(back.has_value());
    CHECK((std::isnan(value) ? std::isnan(*back) : *back == value));
  }
}

TEST_CASE("numbers are shown as people write them") {
  CHECK(show_number(3) == "3");
  CHECK(show_number(-0.5) == "-0.5");
  CHECK(show_number(1e-5) == "1e-05");
  CHECK(show_number(std::numeric_limits<double>::infinity()) == ".inf");
  CHECK(show_number(-std::numeric_limits<double>::infinity()) == "-.inf");
  CHECK(show_number(std::nan("")) == ".nan");
}

}  // namespace fdl::config
