#include "lib/base/pattern.h"

#include <doctest/doctest.h>

namespace fdl {
namespace {

bool matches(const char* pattern, const char* path) {
  const auto parsed = Pattern::parse(pattern);
  REQUIRE(parsed.has_value());
  return parsed->matches(path);
}

}  // namespace

TEST_CASE("a plain path matches itself and its subtree") {
  CHECK(matches("encoder", "encoder"));
  CHECK(matches("encoder", "encoder.0.weight"));
  CHECK(matches("encoder.0", "encoder.0.weight"));
  CHECK(!matches("encoder", "encoder_2.weight"));
  CHECK(!matches("encoder.0", "encoder.01.weight"));
  CHECK(!matches("weight", "encoder.weight"));
  CHECK(!matches("encoder.0.weight", "encoder.0"));
}

TEST_CASE("one star stays within a segment, two cross") {
  CHECK(matches("a.*.weight", "a.b.weight"));
  CHECK(!matches("a.*.weight", "a.b.c.weight"));
  CHECK(!matches("a.*.weight", "a.weight"));
  CHECK(matches("a.l*r.weight", "a.linear.weight"));
  CHECK(matches("a.**.weight", "a.b.c.weight"));
  CHECK(matches("a.**.weight", "a.weight"));
  CHECK(!matches("a.**.weight", "ab.weight"));
  CHECK(matches("a**z", "a.b.z"));
  CHECK(matches("a.**", "a.b.c"));
}

TEST_CASE("a leading star crosses segments") {
  CHECK(matches("*.bias", "bias"));
  CHECK(matches("*.bias", "linear_0.bias"));
  CHECK(matches("*.bias", "a.b.c.bias"));
  CHECK(!matches("*.bias", "a.unbias"));
  CHECK(matches("*bias", "a.unbias"));
  CHECK(matches("*.LayerNorm", "encoder.0.LayerNorm.weight"));
  CHECK(matches("*", "a.b"));
}

TEST_CASE("sets, single characters and alternatives are as in a shell") {
  CHECK(matches("layer.[0-2].weight", "layer.1.weight"));
  CHECK(!matches("layer.[0-2].weight", "layer.3.weight"));
  CHECK(matches("layer.[!0-2].weight", "layer.3.weight"));
  CHECK(matches("layer.[]a]", "layer.]"));
  CHECK(!matches("a[!b]c", "a.c"));
  CHECK(matches("layer.?", "layer.3.weight"));
  CHECK(!matches("layer.?", "layer.10.weight"));
  CHECK(!matches("a?c", "a.c"));
  CHECK(matches("*.bias|*.LayerNorm", "x.LayerNorm.weight"));
  CHECK(matches("*.bias|*.LayerNorm", "x.bias"));
  CHECK(!matches("*.bias|*.LayerNorm", "x.weight"));
  // A star leads each alternative by itself.
  CHECK(matches("a|*.b", "x.y.b"));
}

TEST_CASE("what cannot be read is refused with a reason") {
  for (const char* text : {"", "a|", "|a", "a||b", "a[b", "a[", "a[z-a]"}) {
    CAPTURE(text);
    const auto parsed = Pattern::parse(text);
    REQUIRE(!parsed.has_value());
    CHECK(!parsed.error().empty());
  }
}

TEST_CASE("many stars take no exponential time") {
  std::string pattern, path(2000, 'a');
  for (int i = 0; i < 200; ++i) pattern += "a**";
  CHECK(matches(pattern.c_str(), path.c_str()));
  CHECK(!matches((pattern + "b").c_str(), path.c_str()));
}

}  // namespace fdl
