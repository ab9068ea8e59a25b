#include "lib/base/regex.h"

#include <doctest/doctest.h>

namespace fdl {
namespace {

std::string replaced(const std::string& pattern, const std::string& text,
                     const std::string& replacement) {
  const auto regex = Regex::parse(pattern);
  REQUIRE_MESSAGE(regex.has_value(), pattern);
  CHECK(regex->replacement_problem(replacement) == "");
  return regex->replace_all(text, replacement);
}

std::string refused(const std::string& pattern) {
  const auto regex = Regex::parse(pattern);
  return regex ? "" : regex.error();
}

}  // namespace

TEST_CASE("what matches is replaced, everywhere") {
  CHECK(replaced("^bert\\.", "bert.encoder.bert.x", "") == "encoder.bert.x");
  CHECK(replaced("gamma$", "a.gamma.gamma", "weight") == "a.gamma.weight");
  CHECK(replaced("a", "banana", "o") == "bonono");
  CHECK(replaced("x", "banana", "o") == "banana");
  CHECK(replaced("\\.(\\d+)\\.", "layer.12.w", "[$1]") == "layer[12]w");
  CHECK(replaced("(\\w+)-(\\w+)", "left-right", "$2-$1 $& $$") == "right-left left-right $");
  CHECK(replaced("h\\.([0-9]|1[01])\\.", "h.11.attn", "layer.$1.") == "layer.11.attn");
}

TEST_CASE("each piece of the syntax") {
  CHECK(replaced("[a-c_]+", "xabc_y", "-") == "x-y");
  CHECK(replaced("[^.]+", "a.b", "s") == "s.s");
  CHECK(replaced("[\\d.]+", "v1.2b", "#") == "v#b");
  CHECK(replaced("[]x]", "[]x]", "o").size() == 4);
  CHECK(replaced("a{2,3}", "aaaaa", "b") == "bb");
  CHECK(replaced("a{2}", "aaaaa", "b") == "bba");
  CHECK(replaced("a{2,}", "aaaaa", "b") == "b");
  CHECK(replaced("a{0,1}b", "aab", "-") == "a-");
  CHECK(replaced("<.*>", "<a><b>", "-") == "-");
  CHECK(replaced("<.*?>", "<a><b>", "-") == "--");
  CHECK(replaced("a+?", "aaa", "b") == "bbb");
  CHECK(replaced("colou?r", "color colour", "x") == "x x");
  CHECK(replaced("(?:ab)+", "ababx", "-") == "-x");
  CHECK(replaced("cat|category", "category", "-") == "-egory");  // the first alternative wins
  CHECK(replaced("\\bin\\b", "in inner in", "out") == "out inner out");
  CHECK(replaced("\\Bin", "in pin", "-") == "in p-");
  CHECK(replaced("\\s+", "a \t b", " ") == "a b");
  CHECK(replaced("\\S+", "ab cd", "x") == "x x");
  CHECK(replaced("", "abc", "-") == "-a-b-c-");
  CHECK(replaced("x*", "axb", "-") == "-a--b-");
  CHECK(replaced("(a)|b", "ab", "[$1]") == "[a][]");
  CHECK(replaced("(a*)*", "aa", "-") == "--");
}

TEST_CASE("what cannot be read says why") {
  CHECK(refused("(").find("missing )") == 0);
  CHECK(refused("a)").find("unexpected )") == 0);
  CHECK(refused("[a").find("missing ]") == 0);
  CHECK(refused("[z-a]").find("z-a") != std::string::npos);
  CHECK(refused("*a").find("repetition") != std::string::npos);
  CHECK(refused("a{3,2}").find("{3,2}") != std::string::npos);
  CHECK(refused("\\") != "");
  CHECK(refused("(a)\\1").find("\\1") != std::string::npos);
  CHECK(refused("(?=a)").find("(?=") != std::string::npos);
  CHECK(refused("\\q").find("\\q") != std::string::npos);
  CHECK(refused("((a{99}){99}){99}") != "");
  CHECK(refused(std::string(600, 'a')).find("longer") != std::string::npos);
  CHECK(Regex::parse("(a)")->replacement_problem("$2") == "it has 1 groups, and no $2");
}

// The classics that take backtracking matchers 2^n steps: this test ends, or it does not.
TEST_CASE("no pattern takes long") {
  const std::string text(500, 'a');
  CHECK(replaced("(a+)+$", text + "b", "-") == text + "b");
  CHECK(replaced("(a|a)*c", text, "-") == text);
  CHECK(replaced("(a?){50}a{50}c", text, "-") == text);
}

}  // namespace fdl
