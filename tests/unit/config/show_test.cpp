#include "lib/config/show.h"

#include <random>

#include <doctest/doctest.h>

#include "tests/unit/manifest_text.h"

namespace fdl::config {
namespace {

using testing::tree_of;

constexpr const char* kTexts[] = {
    "a",    "true", "null",  "~",   "-",    "- x", "1e3", "0x10", "",      " ",       " a", "a ",
    "a: b", "a:",   ":a",    "#a",  "a #b", "a#b", "[",   "]x",   "{a}",   "a,b",     "*a", "&a",
    "!a",   "|",    ">",     "%a",  "@a",   "`a",  "'",   "\"",   "a'b",   "a\"b",    "\\", "a\nb",
    "\n",   "\t",   "a\tb",  "---", "...",  "?",   "? a", "-1",   "-.inf", "=",       "<<", "ü",
    "a: ",  "b\r",  "--- a", "yes", ".",    "$",   "$$x", "\x7f", "\x01",  "a\u2028b"};

Node random_tree(std::mt19937_64& random, int depth) {
  Node out;
  const auto kind = depth > 3 ? 0 : random() % 4;
  if (kind == 0) return make_scalar(kTexts[random() % std::size(kTexts)], {}, random() % 4 == 0);
  if (kind == 1) return out;
  out.kind = kind == 2 ? Kind::List : Kind::Map;
  const std::size_t size = random() % 4;
  for (std::size_t i = 0; i < size; ++i) {
    Node inner = random_tree(random, depth + 1);
    if (kind == 2)
      out.items.push_back(std::move(inner));
    else
      out.at_or_add(std::string(kTexts[random() % std::size(kTexts)]) + std::to_string(i), {}) =
          std::move(inner);
  }
  return out;
}

// Text and kind, without places: what must survive.
std::string essence(const Node& node) {
  if (node.is_null()) return "null";
  if (node.is_scalar()) {
    const bool plain = !node.quoted && !to_json(node, false, -1).starts_with('"');
    return (plain ? "p:" : "s:") + node.text + ";";
  }
  std::string out = node.is_list() ? "[" : "{";
  for (const Node& item : node.items) out += essence(item);
  for (const Entry& entry : node.entries) out += entry.key + "=" + essence(entry.value);
  return out + (node.is_list() ? "]" : "}");
}

}  // namespace

TEST_CASE("what is shown reads back as the same tree") {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    Node tree;
    tree.kind = Kind::Map;
    tree.at_or_add("k", {}) = random_tree(random, 0);
    const std::string text = to_yaml_with_origins(tree, {});
    CAPTURE(seed);
    CAPTURE(text);
    Diagnostics problems;
    const auto back = testing::read_text(text, problems);
    REQUIRE(back.has_value());
    REQUIRE(problems.empty());
    CHECK(essence(*back) == essence(tree));
  }
}

TEST_CASE("a key of any length reads back") {
  const std::string long_key(1500, 'k'), escaped(300, '\x01');
  Node tree;
  tree.at_or_add(long_key, {}).at_or_add(escaped, {}) = make_scalar("x", {});
  Node list;
  list.kind = Kind::List;
  list.items = {tree};
  tree.at_or_add("l", {}) = list;
  CHECK(essence(tree_of(to_yaml_with_origins(tree, {}))) == essence(tree));
}

TEST_CASE("each leaf says where it came from, deletions stand at the end") {
  const Node root = tree_of("a: {b: 1}\nc: [1, 2]\nd:\n  - x: 1\n    y: 2\n");
  const Deletion gone{"e.f", root.find("a")->span, root.find("c")->span};
  CHECK(to_yaml_with_origins(root, {gone}) ==
        "a:\n"
        "  b: 1        # fdl.yml:1\n"
        "c: [1, 2]     # fdl.yml:2\n"
        "d:\n"
        "  - x: 1      # fdl.yml:4\n"
        "    y: 2      # fdl.yml:5\n"
        "# e.f (fdl.yml:2) was deleted by fdl.yml:1\n");
}

TEST_CASE("JSON types follow the core schema; origins wrap the leaves") {
  const Node root = tree_of("a: 1\nb: 1.5\nc: true\nd: yes\ne: '1'\nf:\ng: []\nh: .inf\n");
  CHECK(to_json(root, false, -1) ==
        R"({"a":1,"b":1.5,"c":true,"d":"yes","e":"1","f":null,"g":[],"h":".inf"})");
  CHECK(to_json(*root.find("a"), true, -1) == R"({"value":1,"origin":"fdl.yml:1"})");
}

TEST_CASE("one value: a scalar bare, a list on a line, a map as YAML") {
  const Node root = tree_of("a: 'x y'\nb: [1, 2]\nc: {d: {e: 1}}\n");
  CHECK(to_plain(*root.find("a")) == "x y\n");
  CHECK(to_plain(*root.find("b")) == "[1, 2]\n");
  CHECK(to_plain(*root.find("c")) == "d:\n  e: 1\n");
}

}  // namespace fdl::config
