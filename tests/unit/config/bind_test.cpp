#include "lib/config/bind.h"

#include <doctest/doctest.h>

#include "tests/unit/manifest_text.h"

namespace fdl::config {
namespace {

using testing::codes;
using testing::tree_of;
using Codes = std::vector<std::string>;

struct Inner {
  std::int64_t n = 1;
  bool on = false;
};
const RecordSpec& record_spec(const Inner*) {
  static const RecordSpec spec = RecordBuilder<Inner>("inner", "Inside.")
                                     .field("n", &Inner::n, "A number.", main_field, at_least(1))
                                     .field("on", &Inner::on, "A switch.")
                                     .build();
  return spec;
}

struct Outer {
  std::int64_t width = 0;
  double rate = 0.5;
  std::string mode = "mean";
  std::optional<std::int64_t> seed;
  std::array<std::int64_t, 2> kernel = {3, 3};
  std::vector<double> list;
  Inner inner;
};
const RecordSpec& record_spec(const Outer*) {
  using O = Outer;
  static const RecordSpec spec =
      RecordBuilder<O>("outer", "Outside.")
          .field("width", &O::width, "How wide.", required, main_field, alias("w"), at_least(1))
          .field("rate", &O::rate, "How fast.", at_least_and_below(0, 1))
          .field("mode", &O::mode, "Which.", choices({"mean", "sum"}))
          .field("seed", &O::seed, "Random.")
          .field("kernel", &O::kernel, "Size.", above(0))
          .field("list", &O::list, "Numbers.", between(0, 9))
          .field("inner", &O::inner, "More.")
          .build();
  return spec;
}

struct Bound {
  Outer value;
  Diagnostics problems;
};
Bound bound(const std::string& text) {
  Bound out;
  bind_record(record_spec(&out.value), tree_of(text), &out.value, out.problems);
  return out;
}

}  // namespace

TEST_CASE("every key reaches its member; what is absent keeps its default") {
  const Bound out = bound(
      "{w: 4, rate: 1e-3, mode: sum, seed: 7, kernel: [1, 2], list: [0, 9], inner: {on: true}}");
  REQUIRE(out.problems.empty());
  CHECK(out.value.width == 4);
  CHECK(out.value.rate == 1e-3);
  CHECK(out.value.mode == "sum");
  CHECK(out.value.seed == 7);
  CHECK(out.value.kernel == std::array<std::int64_t, 2>{1, 2});
  CHECK(out.value.list == std::vector<double>{0, 9});
  CHECK(out.value.inner.on);
  CHECK(out.value.inner.n == 1);
}

TEST_CASE("a bare value sets the main field, here and nested; a tuple takes one for all") {
  CHECK(bound("5").value.width == 5);
  const Bound out = bound("{width: 1, inner: 3, kernel: 7}");
  CHECK(out.value.inner.n == 3);
  CHECK(out.value.kernel == std::array<std::int64_t, 2>{7, 7});
}

TEST_CASE("null is as if not given, and does not stand for a required value") {
  CHECK(bound("{w: 1, rate: null, seed: null, inner: null}").value.rate == 0.5);
  CHECK(codes(bound("{w: null}").problems) == Codes{"FDL2004"});
  CHECK(codes(bound("{}").problems) == Codes{"FDL2004"});
  CHECK(codes(bound("null").problems) == Codes{"FDL2004"});
}

TEST_CASE("wrong types") {
  for (const char* text :
       {"{w: x}", "{w: 1.5}", "{w: '5'}", "{w: [5]}", "{w: {a: 1}}", "{w: true}", "{w: 1, rate: x}",
        "{w: 1, mode: [sum]}", "{w: 1, kernel: [1]}", "{w: 1, kernel: [1, 2, 3]}",
        "{w: 1, kernel: x}", "{w: 1, list: 5}", "{w: 1, list: [x]}", "{w: 1, inner: {on: yes}}",
        "{w: 1, inner: [1]}", "[1]"}) {
    CAPTURE(text);
    CHECK(codes(bound(text).problems).front() == "FDL2002");
  }
}

TEST_CASE("ranges and choices, also inside lists, optionals and nested records") {
  for (const char* text :
       {"{w: 0}", "{w: 1, rate: 1}", "{w: 1, rate: -0.1}", "{w: 1, rate: .nan}",
        "{w: 1, kernel: [1, 0]}", "{w: 1, list: [3, 9.5]}", "{w: 1, inner: 0}"}) {
    CAPTURE(text);
    CHECK(codes(bound(text).problems) == Codes{"FDL2005"});
  }
  const Bound out = bound("{w: 1, mode: maen}");
  REQUIRE(codes(out.problems) == Codes{"FDL2006"});
  CHECK(out.problems.sorted()[0].help_text == "did you mean 'mean'?");
}

TEST_CASE("unknown keys offer the nearest one, also an alias") {
  const Bound out = bound("{w: 1, rtae: 1, innner: 2}");
  REQUIRE(codes(out.problems) == Codes{"FDL2001", "FDL2001"});
  CHECK(out.problems.sorted()[0].help_text == "did you mean 'rate'?");
  CHECK(out.problems.sorted()[0].span.where() == "fdl.yml:1:8");
}

TEST_CASE("both names of one parameter are a problem, in either order") {
  CHECK(codes(bound("{w: 1, width: 2}").problems) == Codes{"FDL2007"});
  CHECK(codes(bound("{width: 1, w: 2}").problems) == Codes{"FDL2007"});
}

TEST_CASE("all problems are reported in one pass") {
  CHECK(bound("{w: x, rate: 7, mode: z, kernel: [], extra: 1}").problems.size() == 5);
}

TEST_CASE("hints: words that YAML 1.1 took for booleans, numbers in quotes") {
  CHECK(bound("{w: 1, inner: {on: yes}}").problems.sorted()[0].help_text ==
        "only true and false are booleans");
  CHECK(bound("{w: '5'}").problems.sorted()[0].help_text == "without the quotes it would be one");
}

TEST_CASE("types, defaults, ranges and the signature come from the struct") {
  const RecordSpec& spec = record_spec(static_cast<const Outer*>(nullptr));
  CHECK(spec.find("w") == spec.find("width"));
  CHECK(spec.find("rate")->default_text == "0.5");
  CHECK(spec.find("rate")->range == "at least 0 and below 1");
  CHECK(spec.find("kernel")->default_text == "3");
  CHECK(spec.find("seed")->type == "an integer or null");
  CHECK(spec.main_field()->name == "width");
  CHECK(spec.signature() ==
        "width (or w) (required), rate = 0.5, mode = mean, seed, kernel = 3, list = [], inner");
}

TEST_CASE("defaults are added for display where nothing is given, not over what is") {
  Node tree = tree_of("{w: 4, inner: {on: true}}");
  add_defaults(tree, record_spec(static_cast<const Outer*>(nullptr)));
  CHECK(tree.find("width") == nullptr);
  CHECK(find_path(tree, "rate")->text == "0.5");
  CHECK(find_path(tree, "rate")->span.where() == "default");
  CHECK(find_path(tree, "inner.n")->text == "1");
  CHECK(find_path(tree, "inner.on")->text == "true");
  CHECK(!tree.has("seed"));
}

TEST_CASE("what could not be interpolated was reported: binding says nothing more") {
  Node tree = tree_of("{w: x, rate: y}");
  tree.find("w")->broken = true;
  tree.find("rate")->broken = true;
  Outer value;
  Diagnostics problems;
  bind_record(record_spec(&value), tree, &value, problems);
  CHECK(problems.empty());
}

}  // namespace fdl::config
