#include "lib/config/interpolate.h"

#include <doctest/doctest.h>

#include "lib/config/show.h"
#include "tests/unit/manifest_text.h"

namespace fdl::config {
namespace {

using testing::codes;
using testing::manifest_of;
using testing::tree_of;
using Codes = std::vector<std::string>;

// The value of `key` after resolution, as `config get` prints it; "!FDL1105" for a problem.
std::string value_of(const std::string& text, const std::string& key = "v",
                     const Environment& environment = {}) {
  Diagnostics problems;
  const Manifest manifest = manifest_of(text, problems, environment);
  if (!problems.empty()) return "!" + codes(problems).front();
  std::string out = to_plain(*find_path(manifest.root, key));
  out.pop_back();
  return out;
}

std::string computed(const std::string& expression) {
  return value_of("p: {a: 7, b: 2, f: 2.5, t: word, q: '7'}\nv: ${" + expression + "}");
}

std::string numbered(const std::string& name, int i) { return name + std::to_string(i); }

}  // namespace

TEST_CASE("a dotted name takes over the value whole, whatever it is") {
  CHECK(value_of("p: {a: 7}\nv: ${p.a}") == "7");
  CHECK(value_of("p: {a: [1, 2]}\nv: ${p.a}") == "[1, 2]");
  CHECK(value_of("p: {a: {k: 1}}\nv: ${p.a}") == "k: 1");
  CHECK(value_of("p: {a: [5, 6]}\nv: ${p.a.1}") == "6");
  CHECK(value_of("v: ${p.a}\np: {a: \"${p.b}\", b: 3}") == "3");
}

TEST_CASE("what was quoted stays a text") {
  Diagnostics problems;
  const Manifest manifest = manifest_of("p: {a: '7'}\nv: ${p.a}\nw: x${p.a}", problems);
  CHECK(manifest.root.find("v")->quoted);
  CHECK(manifest.root.find("w")->text == "x7");
}

TEST_CASE("arithmetic: precedence, parentheses, signs, and division as in Python") {
  CHECK(computed("p.a + p.b * 3") == "13");
  CHECK(computed("(p.a + p.b) * 3") == "27");
  CHECK(computed("p.a / p.b") == "3.5");
  CHECK(computed("p.a // p.b") == "3");
  CHECK(computed("0 - p.a // p.b") == "-3");
  CHECK(computed("(0 - p.a) // p.b") == "-4");
  CHECK(computed("(0 - p.a) % p.b") == "1");
  CHECK(computed("7 % (0 - 2)") == "-1");
  CHECK(computed("(0 - 9223372036854775807 - 1) % 3") == "1");
  CHECK(computed("8 / p.b") == "4");
  CHECK(computed("-p.a") == "-7");
  CHECK(computed("p.a - -1") == "8");
  CHECK(computed("10 - 4 - 3") == "3");
  CHECK(computed("64 * 3") == "192");
  CHECK(computed("p.f * 2") == "5");
  CHECK(computed("1e3 + .5") == "1000.5");
  CHECK(computed(" p.a ") == "7");
}

TEST_CASE("arithmetic that has no result is a problem, not a wrong number") {
  for (const char* text :
       {"p.a / 0", "p.a // 0", "p.a % 0", "p.f / 0", "9223372036854775807 + 1",
        "-9223372036854775807 - 2", "4611686018427387904 * 2", "p.t + 1", "p.q + 1", "1 +", "(1",
        "1)", "", " ", "1 2", "p.a p.b", "+ 1", "1 ** 2", "p..a + 1 +"}) {
    CAPTURE(text);
    CHECK(computed(text).starts_with("!FDL110"));
  }
}

TEST_CASE("a name that is not there names the nearest sibling") {
  Diagnostics problems;
  (void)manifest_of("params: {width: 7}\nv: ${params.widht}", problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems.sorted()[0].help_text == "did you mean '${params.width}'?");
  CHECK(problems.sorted()[0].span.where() == "fdl.yml:2:4");
}

TEST_CASE("a cycle is reported once, with the whole chain, and the rest still resolves") {
  Diagnostics problems;
  const Manifest manifest =
      manifest_of("p: {a: '${p.b}', b: '${p.c}', c: '${p.a}', d: 4}\nv: ${p.d}", problems);
  CHECK(codes(problems) == Codes{"FDL1106"});
  CHECK(problems.sorted()[0].message.find("p.a") != std::string::npos);
  CHECK(problems.sorted()[0].message.find("p.c") != std::string::npos);
  CHECK(manifest.root.find("v")->text == "4");
  CHECK(value_of("p: {a: {k: '${p.a}'}}\nv: 1") == "!FDL1106");
  CHECK(value_of("p: {a: '${p.a}'}\nv: 1") == "!FDL1106");
}

TEST_CASE("the environment, with and without a fall-back") {
  const Environment environment = {{"DIR", "/data"}, {"EMPTY", ""}, {"N", "3"}, {"X", "${p.a}"}};
  CHECK(value_of("v: ${env:DIR}/x", "v", environment) == "/data/x");
  CHECK(value_of("v: ${env:N}", "v", environment) == "3");
  CHECK(value_of("v: ${env:OTHER:-./data}", "v", environment) == "./data");
  CHECK(value_of("v: ${env:EMPTY:-./data}", "v", environment) == "./data");
  CHECK(value_of("v: x${env:EMPTY}", "v", environment) == "x");
  CHECK(value_of("v: ${env:OTHER:-}", "v", environment).empty());
  CHECK(value_of("v: ${env:OTHER}", "v", environment) == "!FDL1105");
  // What the environment says is data: it is not resolved again.
  CHECK(value_of("p: {a: 1}\nv: ${env:X}", "v", environment) == "${p.a}");
}

TEST_CASE("several references in one text; `$$` stands for a dollar before a brace") {
  CHECK(value_of("p: {a: 7, b: x}\nv: ${p.b}-${p.a}-${p.a}") == "x-7-7");
  CHECK(value_of("v: cost $5 {x}") == "cost $5 {x}");
  Diagnostics problems;
  const Manifest manifest = manifest_of("p: {a: 7}\nv: $${p.a} ${p.a}", problems);
  CHECK(manifest.root.find("v")->text == "${p.a} 7");
  CHECK(value_of("v: ${p.a") == "!FDL1107");
  CHECK(value_of("p: {a: [1]}\nv: x${p.a}") == "!FDL1107");
}

TEST_CASE("a literal `${` survives every reading of the resolved manifest") {
  for (const char* text : {"p: {a: 7}\nv: $${p.a}", "p: {a: 7}\nmodel: {v: '$${p.a}'}",
                           "p: {a: 7}\nmodel: {v: '$${p.a} ${p.a}'}"}) {
    CAPTURE(text);
    Diagnostics problems;
    const Manifest once = manifest_of(text, problems);
    const std::string shown = to_yaml_with_origins(once.root, {});
    const Manifest twice = manifest_of(shown, problems);
    CHECK(to_json(twice.root, false) == to_json(once.root, false));
    CHECK(problems.empty());
  }
}

TEST_CASE("bare names wait in the model, and are problems elsewhere") {
  Diagnostics problems;
  const Manifest manifest =
      manifest_of("params: {w: 5}\nmodel: {a: '${out}', b: '${params.w}'}", problems);
  CHECK(problems.empty());
  CHECK(find_path(manifest.root, "model.a")->text == "${out}");
  CHECK(find_path(manifest.root, "model.b")->text == "5");
  (void)manifest_of("params: {w: 5}\ntraining: {a: '${w}'}", problems);
  REQUIRE(codes(problems) == Codes{"FDL1105"});
  CHECK(problems.sorted()[0].help_text == "did you mean '${params.w}'?");
}

TEST_CASE("bare names are bound by the nearest scope that has them") {
  Node root = tree_of("params: {w: 5}");
  Diagnostics problems;
  const Environment environment;
  Interpolator interpolator(root, environment, problems);
  NameScope outer, inner{&outer, {}};
  outer.values["a"] = make_scalar("1", {});
  outer.values["b"] = make_scalar("2", {});
  inner.values["a"] = make_scalar("3", {});
  const Node value = tree_of("{x: '${a}', y: ['${b * params.w}'], z: '$${a}'}");
  CHECK(to_json(interpolator.resolve(value, inner), false, -1) == R"({"x":3,"y":[10],"z":"${a}"})");
  CHECK(problems.empty());
  CHECK(interpolator.resolve(tree_of("${c}"), inner).broken);
  CHECK(codes(problems) == Codes{"FDL1105"});
}

TEST_CASE("a long chain of references is a problem, not a crash") {
  std::string text = "p:\n";
  for (int i = 0; i < 20'000; ++i)
    text += "  " + numbered("a", i) + ": ${p." + numbered("a", i + 1) + "}\n";
  text += "  a20000: 1\n";
  Diagnostics problems;
  (void)manifest_of(text, problems);
  REQUIRE(problems.has_errors());
  CHECK(codes(problems).front() == "FDL1111");
}

TEST_CASE("references may not blow a small file up: lists, texts and depth") {
  std::string lists = "p:\n  a0: [x, x, x, x, x, x, x, x]\n";
  std::string texts = "p:\n  a0: xxxxxxxx\n";
  std::string depth = "p:\n  a0: [x]\n";
  for (int i = 1; i < 100; ++i) {
    const std::string last = "${p." + numbered("a", i - 1) + "}", key = "  " + numbered("a", i);
    lists += key + ": ['" + last + "', '" + last + "']\n";
    texts += key + ": '" + last + last + "'\n";
    depth += key + ": ['" + last + "']\n";
  }
  for (const std::string& text : {lists, texts, depth}) {
    CAPTURE(text.substr(0, 200));
    Diagnostics problems;
    (void)manifest_of(text, problems);
    CHECK(problems.has_errors());
  }
}

TEST_CASE("an origin keeps the place of the reference and of what it names") {
  Diagnostics problems;
  const Manifest manifest = manifest_of("p: {a: 7}\n\nv: ${p.a}\nw: ${p.a + 1}\n", problems);
  CHECK(origin_of(*manifest.root.find("v")) == "fdl.yml:3 via fdl.yml:1");
  CHECK(origin_of(*manifest.root.find("w")) == "fdl.yml:4 via fdl.yml:1");
}

}  // namespace fdl::config
