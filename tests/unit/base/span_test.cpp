#include "lib/base/span.h"

#include <memory>

#include <doctest/doctest.h>

using fdl::before;
using fdl::Source;
using fdl::Span;

namespace {

std::shared_ptr<const Source> source(std::string name, std::string text = "", bool is_file = true) {
  return std::make_shared<const Source>(Source{std::move(name), std::move(text), is_file});
}

}  // namespace

TEST_CASE("lines are cut at line feeds, count from 1, and lose their carriage return") {
  const Source text{"a.yml", "one\r\ntwo\n\nfour"};
  CHECK(text.line_text(1) == "one");
  CHECK(text.line_text(2) == "two");
  CHECK(text.line_text(3) == "");
  CHECK(text.line_text(4) == "four");
}

TEST_CASE("a line that does not exist is empty") {
  const Source text{"a.yml", "one\n"};
  CHECK(text.line_text(2) == "");
  CHECK(text.line_text(3) == "");
  CHECK(text.line_text(1000) == "");
  CHECK(Source{"empty", ""}.line_text(1) == "");
}

TEST_CASE("a place in a file prints as file:line:column") {
  const Span span{source("fdl.yml"), 3, 7, 2};
  CHECK(span.is_known());
  CHECK(span.where() == "fdl.yml:3:7");
  CHECK(span.where_line() == "fdl.yml:3");
}

TEST_CASE("a place without a line, or outside files, prints as its bare name") {
  CHECK(Span{source("fdl.yml")}.where() == "fdl.yml");
  CHECK(Span{source("--set", "a=1", false), 1, 3, 1}.where() == "--set");
  CHECK(Span{source("--set", "a=1", false), 1, 3, 1}.where_line() == "--set");
}

TEST_CASE("an unknown place prints as nothing") {
  CHECK(!Span{}.is_known());
  CHECK(Span{}.where() == "");
  CHECK(Span{}.where_line() == "");
}

TEST_CASE("places are ordered by file, line and column, unknown ones last") {
  const auto a = source("a.yml"), b = source("b.yml");
  CHECK(before({a, 9, 9, 1}, {b, 1, 1, 1}));
  CHECK(before({a, 2, 9, 1}, {a, 10, 1, 1}));
  CHECK(before({a, 2, 3, 1}, {a, 2, 4, 1}));
  CHECK(!before({a, 2, 3, 1}, {a, 2, 3, 9}));
  CHECK(before({b, 1, 1, 1}, {}));
  CHECK(!before({}, {a, 1, 1, 1}));
  CHECK(!before({}, {}));
}
