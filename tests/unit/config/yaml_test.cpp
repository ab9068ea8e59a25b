#include "lib/config/yaml.h"

#include <doctest/doctest.h>

#include "tests/temporary_folder.h"
#include "tests/unit/manifest_text.h"

namespace fdl::config {
namespace {

using testing::codes;
using testing::read_text;
using testing::tree_of;
using Codes = std::vector<std::string>;

// The one problem of a text that is not fine.
Diagnostic only_problem(const std::string& text) {
  Diagnostics problems;
  (void)read_text(text, problems);
  REQUIRE(problems.size() == 1);
  return problems.sorted().front();
}

std::string nested(int depth) {
  const auto n = static_cast<std::size_t>(depth);
  return std::string(n, '[') + std::string(n, ']');
}

}  // namespace

TEST_CASE("values, keys and items know their places, counted from 1 and in bytes") {
  const Node root = tree_of("a: 1\nb:\n  - two\n  - {c: \"3\"}\n");
  CHECK(root.find("a")->span.where() == "fdl.yml:1:4");
  CHECK(root.find("a")->span.length == 1);
  CHECK(root.find_entry("b")->key_span.where() == "fdl.yml:2:1");
  CHECK(root.find("b")->items[0].span.where() == "fdl.yml:3:5");
  const Node& quoted = *find_path(root, "b.1.c");
  CHECK(quoted.span.where() == "fdl.yml:4:9");
  CHECK(quoted.span.length == 3);
  CHECK(tree_of("ü: x\n").find("ü")->span.column == 5);
}

TEST_CASE("scalars stay text, and remember whether they were quoted") {
  const Node root = tree_of("a: no\nb: 'no'\nc: 010\nd: |\n  x\n");
  CHECK(root.find("a")->text == "no");
  CHECK(!root.find("a")->quoted);
  CHECK(root.find("d")->quoted);
  CHECK(root.find("d")->text == "x\n");
  CHECK(root.find("b")->quoted);
  CHECK(root.find("c")->text == "010");
}

TEST_CASE("null has three spellings, and quotes make it a text") {
  const Node root = tree_of("a:\nb: ~\nc: null\nd: 'null'\n");
  for (const char* key : {"a", "b", "c"}) {
    CAPTURE(key);
    CHECK(root.find(key)->is_null());
  }
  CHECK(root.find("d")->is_scalar());
}

TEST_CASE("an anchor's copy stands at the alias, and knows the anchor's place") {
  const Node root = tree_of("a: &x {k: 1}\nb: *x\n");
  const Node& copy = *root.find("b");
  CHECK(copy.span.where() == "fdl.yml:2:4");
  REQUIRE(copy.via.size() == 1);
  CHECK(copy.via[0].where_line() == "fdl.yml:1");
  CHECK(copy.find("k")->text == "1");
}

TEST_CASE("a key that stands twice is reported with both places, also nested and quoted") {
  for (const char* text : {"a: 1\nb: 2\na: 3\n", "x: {a: 1, b: 2, \"a\": 3}", "a: 1\na+: [2]\n"}) {
    CAPTURE(text);
    const Diagnostic d = only_problem(text);
    CHECK(d.code == Code::DuplicateKey);
    REQUIRE(d.notes.size() == 1);
    CHECK(d.notes[0].span.is_known());
    CHECK(before(d.notes[0].span, d.span));
  }
  // Equal keys of two maps are none.
  CHECK(tree_of("a: {k: 1}\nb: {k: 1}\nc: [{k: 1}, {k: 1}]\n").entries.size() == 3);
}

TEST_CASE("`+` and `!` at the end of a plain key are marks, in a quoted one they are letters") {
  const Node root = tree_of("a+: [1]\nb!: {}\n\"c+\": [1]\n");
  CHECK(root.find_entry("a")->mode == EntryMode::Append);
  CHECK(root.find_entry("b")->mode == EntryMode::Replace);
  CHECK(root.find_entry("c+")->mode == EntryMode::Merge);
}

TEST_CASE("64 levels are read, 65 are not") {
  CHECK(tree_of(nested(kDeepestNesting)).is_list());
  CHECK(only_problem(nested(kDeepestNesting + 1)).code == Code::TooDeep);
  CHECK(only_problem(nested(100'000)).code == Code::TooDeep);
}

TEST_CASE("an alias may not nest deeper than the limit either") {
  const std::string inner = "a: &a " + nested(40) + "\n";
  CHECK(codes([&] {
          Diagnostics problems;
          (void)read_text(inner + "b: " + std::string(30, '[') + "*a" + std::string(30, ']'),
                          problems);
          return problems;
        }()) == Codes{"FDL1004"});
}

TEST_CASE("aliases may repeat a file 64 times, not more") {
  const auto text = [](int times) {
    std::string out = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\nb: [*a";
    for (int i = 1; i < times; ++i) out += ", *a";
    return out + "]\n";
  };
  CHECK(tree_of(text(10)).find("b")->items.size() == 10);
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = std::to_string(i - 1), now = std::to_string(i);
    bomb += "a" + now + ": &a" + now + " [*a" + before + ", *a" + before + "]\n";
  }
  CHECK(only_problem(bomb).code == Code::AliasExpansion);
}

TEST_CASE("a text of 4 MiB is read, one byte more is not") {
  std::string text = "a: 1\n";
  text.resize(kLongestManifestBytes, '#');
  CHECK(tree_of(text).find("a")->text == "1");
  text.push_back('#');
  CHECK(only_problem(text).code == Code::TooLarge);
}

TEST_CASE("places stay right to the end of a large file, whatever ends its lines") {
  for (const std::string end : {"\n", "\r\n"}) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "k" + std::to_string(i) + ": two\\n  lines" + end;
    const Node root = tree_of(text + "last: \"a" + end + "  b\"" + end);
    const Node& last = root.entries.back().value;
    CHECK(last.span.line == 20'001);
    CHECK(last.span.column == 7);
    CHECK(last.span.length == 2);  // to the end of its first line
    CHECK(root.entries[9999].value.span.where() == "fdl.yml:10000:8");
  }
}

TEST_CASE("bytes that are no UTF-8 text are refused before they are parsed") {
  CHECK(only_problem(std::string("a: \0", 4)).code == Code::NotText);
  for (const char* text : {"a: \xff", "a: \xc0\xaf", "a: \xe2\x82", "a: \xf5\x80\x80\x80"}) {
    CAPTURE(text);
    CHECK(only_problem(text).code == Code::NotText);
  }
  CHECK(tree_of("a: \xe2\x82\xac\n").find("a")->text == "\xe2\x82\xac");
}

TEST_CASE("a byte order mark and carriage returns change nothing") {
  CHECK(tree_of("\xEF\xBB\xBF"
                "a: 1\n")
            .find("a")
            ->text == "1");
  const Node root = tree_of("a: 1\r\nb: x\r\n");
  CHECK(root.find("b")->text == "x");
  CHECK(root.find("b")->span.where() == "fdl.yml:2:4");
}

TEST_CASE("tags, second documents, keys that are no words and broken syntax are told apart") {
  CHECK(only_problem("a: !!python/object x\n").code == Code::BadTag);
  CHECK(only_problem("a: 1\n---\nb: 2\n").code == Code::ManyDocuments);
  CHECK(only_problem("{[1, 2]: x}").code == Code::BadKey);
  CHECK(only_problem("a: [1, 2\n").code == Code::YamlSyntax);
  CHECK(only_problem("a: *b\n").code == Code::UnknownAlias);
}

TEST_CASE("an empty text is a null, an empty manifest file is a problem") {
  CHECK(tree_of("").is_null());
  CHECK(tree_of("# only a comment\n").is_null());
  const testing::TemporaryFolder folder;
  for (const auto& [text, code] : std::vector<std::pair<std::string, std::string>>{
           {"", "FDL1007"}, {"# x\n", "FDL1007"}, {"[1]\n", "FDL1009"}, {"word\n", "FDL1009"}}) {
    Diagnostics problems;
    CHECK(!read_manifest_file(folder.file("fdl.yml", text).string(), "fdl.yml", problems));
    CHECK(codes(problems) == Codes{code});
  }
  Diagnostics problems;
  CHECK(!read_manifest_file((folder.path() / "absent.yml").string(), "absent.yml", problems));
  CHECK(!read_manifest_file(folder.path().string(), "a folder", problems));
  CHECK(!read_manifest_file((folder.path() / std::string(300, 'a')).string(), "long", problems));
  CHECK(codes(problems) == Codes{"FDL5001", "FDL5001", "FDL5001"});
}

}  // namespace fdl::config
