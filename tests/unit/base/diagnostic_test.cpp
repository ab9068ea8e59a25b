#include "lib/base/diagnostic.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using fdl::Code;
using fdl::Diagnostic;
using fdl::Diagnostics;
using fdl::error;
using fdl::Source;
using fdl::Span;
using fdl::to_json;
using fdl::to_text;
using fdl::warning;

namespace {

std::shared_ptr<const Source> manifest(std::string text, std::string name = "fdl.yml") {
  return std::make_shared<const Source>(Source{std::move(name), std::move(text)});
}

// The two quoted lines, source and caret, of an error on the first line of `line`.
std::string quoted(std::string line, int column, int length) {
  const std::string text =
      to_text(error(Code::UnknownKey, {manifest(std::move(line)), 1, column, length}, "m"), false);
  return text.substr(text.find('\n') + 1);
}

}  // namespace

TEST_CASE("everything a diagnostic can hold, in its order") {
  const auto source = manifest("model:\n  flow:\n    - layer_norm: { epss: 1e-6 }\n");
  const Diagnostic d = error(Code::UnknownParameter, {source, 3, 21, 4},
                             "'{}' has no parameter '{}'", "layer_norm", "epss")
                           .help("did you mean '{}'?", "eps")
                           .note("'layer_norm' takes {}", "eps = 1e-05")
                           .note_at({source, 2, 3, 4}, "in this flow")
                           .at_node("model.norm");
  CHECK(to_text(d, false) ==
        "fdl.yml:3:21: error[FDL2003]: 'layer_norm' has no parameter 'epss'\n"
        "   3 |     - layer_norm: { epss: 1e-6 }\n"
        "     |                     ^^^^\n"
        "  node: model.norm\n"
        "  help: did you mean 'eps'?\n"
        "  note: 'layer_norm' takes eps = 1e-05\n"
        "  note: fdl.yml:2:3: in this flow\n"
        "   2 |   flow:\n"
        "     |   ^^^^\n");
}

TEST_CASE("a diagnostic without a place is one line") {
  CHECK(to_text(error(Code::CannotStart, {}, "cannot start 'x'"), false) ==
        "error[FDL5003]: cannot start 'x'\n");
}

TEST_CASE("a file without a line is named, not quoted") {
  CHECK(to_text(error(Code::EmptyManifest, {manifest("")}, "the manifest is empty"), false) ==
        "fdl.yml: error[FDL1007]: the manifest is empty\n");
}

TEST_CASE("a diagnostic that nobody filled in is our own mistake") {
  CHECK(to_text(Diagnostic{}, false) == "error[FDL9999]: \n");
}

TEST_CASE("help and notes can be added to a variable") {
  Diagnostic d = error(Code::UnknownKey, {}, "unknown key 'x'");
  d = std::move(d).help("h");
  d = std::move(d).note("n");
  d = std::move(d).at_node("model");
  CHECK(to_text(d, false) ==
        "error[FDL2001]: unknown key 'x'\n  node: model\n  help: h\n  note: n\n");
}

TEST_CASE("warnings say so") {
  CHECK(to_text(warning(Code::UnknownKey, {}, "hm"), false) == "warning[FDL2001]: hm\n");
  CHECK(!warning(Code::UnknownKey, {}, "hm").help_text.size());
}

TEST_CASE("the caret stands under its text") {
  CHECK(quoted("abc", 1, 1) == "   1 | abc\n     | ^\n");
  CHECK(quoted("abc", 2, 2) == "   1 | abc\n     |  ^^\n");
}

TEST_CASE("a caret is shown even for nothing, behind the end, and never runs past the line") {
  CHECK(quoted("abc", 2, 0) == "   1 | abc\n     |  ^\n");
  CHECK(quoted("abc", 4, 1) == "   1 | abc\n     |    ^\n");
  CHECK(quoted("abc", 999, 5) == "   1 | abc\n     |    ^\n");
  CHECK(quoted("abc", 2, 999) == "   1 | abc\n     |  ^^\n");
  CHECK(quoted("", 1, 1) == "   1 | \n     | ^\n");
}

TEST_CASE("columns count bytes, carets count characters") {
  // Two bytes for each of ü and ö, three for €.
  CHECK(quoted("größe: €", 8, 1) == "   1 | größe: €\n     |      ^\n");
  CHECK(quoted("größe: €", 1, 7) == "   1 | größe: €\n     | ^^^^^\n");
  CHECK(quoted("größe: €", 10, 3) == "   1 | größe: €\n     |        ^\n");
}

TEST_CASE("a tab takes one column, so that the caret stays under its text") {
  CHECK(quoted("\ta:\tb", 5, 1) == "   1 |  a: b\n     |     ^\n");
}

TEST_CASE("bytes that a terminal would obey are not printed") {
  CHECK(quoted("a\x1b[31mb\x07\x7f", 1, 1) == "   1 | a?[31mb??\n     | ^\n");
  const std::string text =
      to_text(error(Code::UnknownKey, {manifest("x", "a\x1b]0;b.yml")}, "unknown key '\x1b[2J'")
                  .at_node("\r"),
              false);
  CHECK(text == "a?]0;b.yml: error[FDL2001]: unknown key '?[2J'\n  node: ?\n");
}

TEST_CASE("a long line is cut around the caret") {
  const std::string line = std::string(1000, 'a') + "HERE" + std::string(1000, 'b');
  const std::string text = quoted(line, 1001, 4);
  CHECK(text == "   1 | " + std::string(80, 'a') + "HERE" + std::string(76, 'b') + "\n     | " +
                    std::string(80, ' ') + "^^^^\n");
}

TEST_CASE("a long line is shown from its start, and to its end, where the caret is there") {
  const std::string line = "HERE" + std::string(1000, 'b');
  CHECK(quoted(line, 1, 4) == "   1 | HERE" + std::string(156, 'b') + "\n     | ^^^^\n");
  const std::string mirrored = std::string(1000, 'a') + "HERE";
  CHECK(quoted(mirrored, 1001, 4) ==
        "   1 | " + std::string(80, 'a') + "HERE\n     | " + std::string(80, ' ') + "^^^^\n");
}

TEST_CASE("a long line is never cut inside a character") {
  std::string line;
  for (int i = 0; i < 500; ++i) line += "€";
  for (int column = 601; column < 607; ++column) {
    const std::string text = quoted(line, column, 3);
    const nlohmann::json as_json = text;
    CHECK_NOTHROW(as_json.dump());  // nlohmann refuses text that is not UTF-8
  }
}

TEST_CASE("a span longer than what is shown is marked as far as it is shown") {
  const std::string text = quoted(std::string(5000, 'a'), 1, 5000);
  CHECK(text == "   1 | " + std::string(160, 'a') + "\n     | " + std::string(160, '^') + "\n");
}

TEST_CASE("line numbers keep the bar in its column up to four digits") {
  const auto source = manifest(std::string(12344, '\n') + "x");
  const std::string text = to_text(error(Code::UnknownKey, {source, 12345, 1, 1}, "m"), false);
  CHECK(text.find("12345 | x\n") != std::string::npos);
}

TEST_CASE("colour only adds escape sequences") {
  const Diagnostic d = error(Code::UnknownKey, {manifest("abc"), 1, 2, 1}, "m").help("h").note("n");
  std::string text = to_text(d, true);
  CHECK(text.find("\x1b[1;31merror[FDL2001]\x1b[0m: m\n") != std::string::npos);
  for (std::size_t at = 0; (at = text.find('\x1b', at)) != std::string::npos;)
    text.erase(at, text.find('m', at) - at + 1);
  CHECK(text == to_text(d, false));
}

TEST_CASE("JSON holds the same record") {
  const auto source = manifest("a: 1\nb: 2\n");
  const Diagnostic d = error(Code::UnknownKey, {source, 2, 1, 1}, "unknown key '{}'", "b\"")
                           .help("remove it")
                           .note("plain")
                           .note_at({source, 1, 4, 1}, "placed")
                           .at_node("model.x");
  CHECK(to_json(d) ==
        R"({"code":"FDL2001","severity":"error","message":"unknown key 'b\"'","file":"fdl.yml",)"
        R"("line":2,"column":1,"length":1,"node":"model.x","notes":[{"message":"plain"},)"
        R"({"message":"placed","file":"fdl.yml","line":1,"column":4,"length":1}],)"
        R"("help":"remove it"})");
}

TEST_CASE("JSON leaves out what is not there, and survives bad UTF-8") {
  CHECK(to_json(warning(Code::CannotRead, {}, "m")) ==
        R"({"code":"FDL5001","severity":"warning","message":"m"})");
  const auto parsed = nlohmann::json::parse(to_json(error(Code::NotText, {}, "a\xff\nb")));
  CHECK(parsed["message"] == "a\xef\xbf\xbd\nb");
}

TEST_CASE("several are sorted by place, then by code, and none is shown twice") {
  const auto a = manifest("x\ny\n", "a.yml"), b = manifest("x\n", "b.yml");
  Diagnostics all;
  all.add(error(Code::UnknownKey, {}, "no place"));
  all.add(error(Code::UnknownKey, {b, 1, 1, 1}, "in b"));
  all.add(error(Code::WrongType, {a, 2, 1, 1}, "second code"));
  all.add(error(Code::UnknownKey, {a, 2, 1, 1}, "first code"));
  Diagnostics more;
  more.add(error(Code::UnknownKey, {b, 1, 1, 1}, "in b"));
  more.add(error(Code::UnknownKey, {a, 1, 1, 1}, "first line"));
  all.add(std::move(more));
  std::string order;
  for (const Diagnostic& d : all.sorted()) order += d.message + "; ";
  CHECK(order == "first line; first code; second code; in b; no place; ");
  CHECK(all.size() == 6);
}

TEST_CASE("warnings alone are no errors") {
  Diagnostics all;
  CHECK(all.empty());
  CHECK(!all.has_errors());
  all.add(warning(Code::UnknownKey, {}, "m"));
  CHECK(!all.empty());
  CHECK(!all.has_errors());
  all.add(error(Code::UnknownKey, {}, "m"));
  CHECK(all.has_errors());
}

TEST_CASE("beyond the limit only the number is told") {
  Diagnostics all;
  for (int i = 0; i < 23; ++i) all.add(error(Code::UnknownKey, {}, "problem {}", i));
  const std::string text = to_text(all, false);
  CHECK(text.find("problem 19\n") != std::string::npos);
  CHECK(text.find("problem 20\n") == std::string::npos);
  CHECK(text.ends_with("... and 3 more; mend these first, or use --json to see all\n"));
  CHECK(to_text(all, false, 23).ends_with("problem 22\n"));
}
