#include "lib/config/merge.h"

#include <doctest/doctest.h>

#include "lib/config/show.h"
#include "tests/unit/manifest_text.h"

namespace fdl::config {
namespace {

using testing::codes;
using testing::tree_of;

const MergeRules kRules = {
    {{"training.optimizer", {}}, {"data.train", {"slice"}}, {"**.flow.*", {"name", "tag"}}},
    {"params", "training"}};

struct Merged {
  std::string json;
  std::vector<Deletion> deletions;
  Diagnostics problems;
};

Merged merged(const std::string& lower, const std::string& upper) {
  Merged out;
  Node base = tree_of(lower), layer = tree_of(upper);
  expand_dotted_keys(base, out.problems);
  expand_dotted_keys(layer, out.problems);
  merge(base, layer, kRules, out.deletions, out.problems);
  out.json = to_json(base, false, -1);
  return out;
}

std::string expanded(const std::string& text, Diagnostics& problems) {
  Node root = tree_of(text);
  expand_dotted_keys(root, problems);
  return to_json(root, false, -1);
}

}  // namespace

TEST_CASE("maps merge by key; scalars and lists replace") {
  CHECK(merged("a: {x: 1, y: [1, 2]}\nb: 3", "a: {y: [9], z: 5}").json ==
        R"({"a":{"x":1,"y":[9],"z":5},"b":3})");
  CHECK(merged("a: {x: 1}", "a: 2").json == R"({"a":2})");
  CHECK(merged("a: 2", "a: {x: 1}").json == R"({"a":{"x":1}})");
}

TEST_CASE("null deletes what lies below, and leaves a record of both places") {
  const Merged out = merged("a: {x: 1, y: 2}", "a: {x: null}");
  CHECK(out.json == R"({"a":{"y":2}})");
  REQUIRE(out.deletions.size() == 1);
  CHECK(out.deletions[0].path == "a.x");
  CHECK(out.deletions[0].was.where() == "fdl.yml:1:8");
}

TEST_CASE("`key+:` appends to a list, and makes one where there is none") {
  CHECK(merged("a: [1, 2]", "a+: [3]").json == R"({"a":[1,2,3]})");
  CHECK(merged("b: 1", "a+: [3]").json == R"({"b":1,"a":[3]})");
  CHECK(codes(merged("a: 1", "a+: [3]").problems) == std::vector<std::string>{"FDL1110"});
  CHECK(codes(merged("a: [1]", "a+: 3").problems) == std::vector<std::string>{"FDL1110"});
}

TEST_CASE("`key!:` replaces a map whole") {
  CHECK(merged("a: {x: 1, y: 2}", "a!: {z: 3}").json == R"({"a":{"z":3}})");
}

TEST_CASE("another variant replaces the old one whole; the same one merges") {
  const std::string lower = "training: {optimizer: {adam: {lr: 1, eps: 2}}, epochs: 3}";
  CHECK(merged(lower, "training: {optimizer: {sgd: {lr: 5}}}").json ==
        R"({"training":{"optimizer":{"sgd":{"lr":5}},"epochs":3}})");
  CHECK(merged(lower, "training: {optimizer: {adam: {lr: 5}}}").json ==
        R"({"training":{"optimizer":{"adam":{"lr":5,"eps":2}},"epochs":3}})");
  CHECK(merged(lower, "training: {optimizer: sgd}").json ==
        R"({"training":{"optimizer":"sgd","epochs":3}})");
}

TEST_CASE("common keys beside a variant merge, and do not count as one") {
  const std::string lower = "data: {train: {mnist: {split: train}, slice: ':10'}}";
  CHECK(merged(lower, "data: {train: {slice: ':5'}}").json ==
        R"({"data":{"train":{"mnist":{"split":"train"},"slice":":5"}}})");
  CHECK(merged(lower, "data: {train: {cifar10: {}}}").json ==
        R"({"data":{"train":{"slice":":10","cifar10":{}}}})");
}

TEST_CASE("list items are reached by index, and steps are variants too") {
  const std::string lower = "model: {flow: [{linear: 8, name: a}, relu]}";
  CHECK(merged(lower, "model.flow.0.linear: 9").json ==
        R"({"model":{"flow":[{"linear":9,"name":"a"},"relu"]}})");
  CHECK(merged(lower, "model.flow.0.conv2d: 9").json ==
        R"({"model":{"flow":[{"name":"a","conv2d":9},"relu"]}})");
  CHECK(merged(lower, "model.flow.1: gelu").json ==
        R"({"model":{"flow":[{"linear":8,"name":"a"},"gelu"]}})");
}

TEST_CASE("merging is associative where nothing is deleted or appended") {
  const std::string a = "{p: {x: 1, y: [1]}, q: 1}", b = "{p: {y: 2, z: {k: 1}}}",
                    c = "{p: {z: {l: 2}}, q: {r: 1}}";
  Diagnostics problems;
  std::vector<Deletion> deletions;
  Node left = tree_of(a), right = tree_of(b);
  merge(left, tree_of(b), kRules, deletions, problems);
  merge(left, tree_of(c), kRules, deletions, problems);
  merge(right, tree_of(c), kRules, deletions, problems);
  Node whole = tree_of(a);
  merge(whole, right, kRules, deletions, problems);
  CHECK(to_json(left, false) == to_json(whole, false));
}

TEST_CASE("dotted keys become nested values") {
  Diagnostics problems;
  CHECK(expanded("{a.b.c: 1, a.b.d: 2, e: 3}", problems) == R"({"a":{"b":{"c":1,"d":2}},"e":3})");
  CHECK(expanded("{.a: 1, b.: 2, c..d: 3}", problems) == R"({".a":1,"b.":2,"c..d":3})");
  CHECK(problems.empty());
}

TEST_CASE("dotted keys join the map of the same name, before or after it") {
  Diagnostics problems;
  CHECK(expanded("{a: {b: 1}, a.c: 2}", problems) == R"({"a":{"b":1,"c":2}})");
  CHECK(expanded("{a.c: 2, a: {b: 1}}", problems) == R"({"a":{"c":2,"b":1}})");
  CHECK(problems.empty());
}

TEST_CASE("a dotted key that names a value of the same file again stands twice") {
  for (const char* text :
       {"{a: {b: 1}, a.b: 2}", "{a.b: 2, a: {b: 1}}", "{a: 1, a.b: 2}", "{a: [1], a.0: 2}"}) {
    CAPTURE(text);
    Diagnostics problems;
    (void)expanded(text, problems);
    CHECK(codes(problems) == std::vector<std::string>{"FDL1002"});
  }
}

TEST_CASE("a dotted key keeps its `+`, whatever stands beside it") {
  CHECK(merged("a: {b: [1], c: 2}", "{a: {b2: 0}, a.b+: [3]}").json ==
        R"({"a":{"b":[1,3],"c":2,"b2":0}})");
}

}  // namespace fdl::config
