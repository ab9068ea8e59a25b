#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "lib/catalog/tensor_type.h"

namespace fdl::catalog {
namespace {

using Sizes = std::map<std::string, std::int64_t>;

// A random expression and, computed beside it by plain integers, its value.
struct Sample {
  Dim dim;
  std::int64_t value;
};

Sample random_sample(std::mt19937_64& random, const Sizes& sizes, int depth) {
  if (depth == 0 || random() % 4 == 0) {
    if (random() % 2 == 0) {
      const auto n = static_cast<std::int64_t>(random() % 9) - 4;
      return {Dim(n), n};
    }
    const auto it = std::next(sizes.begin(), static_cast<std::ptrdiff_t>(random() % sizes.size()));
    return {Dim::named(it->first), it->second};
  }
  const Sample a = random_sample(random, sizes, depth - 1),
               b = random_sample(random, sizes, depth - 1);
  switch (random() % 4) {
    case 0:
      return {a.dim + b.dim, a.value + b.value};
    case 1:
      return {a.dim - b.dim, a.value - b.value};
    case 2:
      return {a.dim * b.dim, a.value * b.value};
    default:
      break;
  }
  if (b.value == 0) return a;
  std::int64_t quotient = a.value / b.value;
  if (a.value % b.value != 0 && (a.value < 0) != (b.value < 0)) --quotient;
  return {floor_div(a.dim, b.dim), quotient};
}

const Sizes kSizes = {{"B", 3}, {"S", 7}, {"T", 16}};

}  // namespace

TEST_CASE("an expression evaluates to what plain integers give") {
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    std::mt19937_64 random(seed);
    const Sample sample = random_sample(random, kSizes, 4);
    CAPTURE(seed);
    CAPTURE(sample.dim.text());
    CHECK(sample.dim.evaluate(kSizes) == sample.value);
  }
}

TEST_CASE("equal expressions are equal values: simplification changes nothing") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    std::mt19937_64 random(seed);
    const Dim a = random_sample(random, kSizes, 3).dim, b = random_sample(random, kSizes, 3).dim,
              c = random_sample(random, kSizes, 2).dim;
    const auto n = static_cast<std::int64_t>(random() % 9 + 1);
    CAPTURE(seed);
    CHECK(a + b == b + a);
    CHECK((a + b) + c == a + (b + c));
    CHECK((a + b) - b == a);
    CHECK(a - a == Dim(0));
    CHECK(a * b == b * a);
    CHECK(a * Dim(n) + b * Dim(n) == (a + b) * Dim(n));
    CHECK(floor_div(a * Dim(n), n) == a);
    CHECK(floor_div(a, 1) == a);
    CHECK((a == b) == (a.text() == b.text()));
    const auto x = a.evaluate(kSizes), y = b.evaluate(kSizes);
    if (a == b) CHECK(x == y);
  }
}

TEST_CASE("the text is what a person would write") {
  const Dim T = Dim::named("T"), B = Dim::named("B");
  CHECK((T + Dim(2) - Dim(2)).text() == "T");
  CHECK((T * Dim(2) - B - Dim(3)).text() == "-B + 2*T - 3");
  CHECK((T * B).text() == "(B)*(T)");
  CHECK(floor_div(T - Dim(1), 2).text() == "(T - 1)/2");
  CHECK(floor_div(T * Dim(4) + Dim(3), 2).text() == "2*T + 1");
  CHECK(Dim(-5).text() == "-5");
}

TEST_CASE("an expression has no value while a name in it has none") {
  const Dim T = Dim::named("T"), S = Dim::named("S");
  CHECK((T * S).evaluate({{"T", 2}}) == std::nullopt);
  CHECK((T - T + Dim(4)).evaluate({}) == 4);
  CHECK(floor_div(T, S).evaluate({{"T", 2}, {"S", 0}}) == std::nullopt);
}

TEST_CASE("arithmetic stops at the largest numbers instead of going round") {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max(),
                         kLeast = std::numeric_limits<std::int64_t>::min();
  const Dim T = Dim::named("T"), S = Dim::named("S");
  CHECK(Dim(kMost) + Dim(kMost) == Dim(kMost));
  CHECK((Dim(kMost) * Dim(-2)).number() == -kMost);
  CHECK((Dim(kLeast) - Dim(1)).number() == -kMost);
  CHECK(floor_div(Dim(kLeast), Dim(-1)).number() == kMost);
  CHECK(!(T * Dim(kLeast)).text().empty());
  CHECK((T + Dim(kLeast)).text() == "T - 9223372036854775807");
  const Dim large = (T * S + T * Dim(kMost) + S * Dim(kMost)) * Dim(kMost);
  CHECK(large.evaluate({{"T", kMost}, {"S", kMost}}) == kMost);
  CHECK((T + T + T).evaluate({{"T", kLeast}}) == -kMost);
  CHECK(num_elements({Dim(kMost), Dim(kMost), T}) == T * Dim(kMost));
}

TEST_CASE("an input's type: dtype, numbers, names and bounds") {
  Sizes bounds;
  std::string why;
  const auto type = parse_tensor_type(" f32 [ 1,28 , T<=512, S ] ", bounds, why);
  REQUIRE(type.has_value());
  CHECK(to_string(*type) == "f32[1, 28, T, S]");
  CHECK(bounds == Sizes{{"T", 512}});
  CHECK(to_string(*parse_tensor_type("i64[]", bounds, why)) == "i64[]");
}

TEST_CASE("an input's type that cannot be read says why") {
  for (const char* text : {"",
                           "f32",
                           "f32[",
                           "f32]",
                           "f33[1]",
                           "F32[1]",
                           "f32[0]",
                           "f32[-1]",
                           "f32[1,]",
                           "f32[,1]",
                           "f32[1,,2]",
                           "f32[B]",
                           "f32[T<=0]",
                           "f32[T<=]",
                           "f32[<=3]",
                           "f32[1.5]",
                           "f32[9223372036854775808]",
                           "f32[1 2]",
                           "f32[1,1,1,1,1,1,1,1,1]",
                           "f32[a-b]",
                           "[1]",
                           "f32[1]]"}) {
    CAPTURE(text);
    Sizes bounds;
    std::string why;
    CHECK(!parse_tensor_type(text, bounds, why));
    CHECK(!why.empty());
  }
}

TEST_CASE("every dtype reads back from its name, and is either floating, integer or bool") {
  for (const std::string& name : dtype_names()) {
    const auto dtype = parse_dtype(name);
    REQUIRE(dtype.has_value());
    CHECK(to_string(*dtype) == name);
    CHECK(is_floating(*dtype) + is_integer(*dtype) + (*dtype == DType::Bool) == 1);
    CHECK(bytes_of(*dtype) >= 1);
  }
}

}  // namespace fdl::catalog
