#include "lib/catalog/shape_rule.h"

#include <random>

#include <doctest/doctest.h>

namespace fdl::catalog {
namespace {

using Numbers = std::map<std::string, std::vector<std::int64_t>>;

// Parameters as a plain map; `in` is an inferred one, which a 0 leaves open.
ParameterAccess access_to(Numbers& numbers) {
  ParameterAccess out;
  const auto is_open = [&](const std::string& name) {
    return name == "in" && numbers.contains(name) && numbers[name].front() == 0;
  };
  out.value = [&numbers, is_open](const std::string& name, int index) -> std::optional<Dim> {
    const auto found = numbers.find(name);
    if (found == numbers.end() || is_open(name)) return {};
    const auto at = static_cast<std::size_t>(index < 0 ? 0 : index);
    return at < found->second.size() ? std::optional(Dim(found->second[at])) : std::nullopt;
  };
  out.several = [&numbers](const std::string& name) {
    std::vector<Dim> all;
    const auto found = numbers.find(name);
    if (found != numbers.end() && found->second.size() > 1)
      all.assign(found->second.begin(), found->second.end());
    return all;
  };
  out.is_inferred_and_open = is_open;
  out.infer = [&](const std::string& name, std::int64_t value) { numbers[name] = {value}; };
  return out;
}

// The outputs as text, or "!" and the reason.
std::string applied(const std::string& text, const std::vector<Shape>& inputs, Numbers& numbers) {
  const auto rule = ShapeRule::parse(text);
  REQUIRE(rule.has_value());
  const ShapeResult result = rule->apply(inputs, access_to(numbers));
  if (!result) return "!" + result.error();
  std::string out;
  for (const Shape& shape : *result) out += to_string(shape);
  return out;
}
std::string applied(const std::string& text, const std::vector<Shape>& inputs) {
  Numbers none;
  return applied(text, inputs, none);
}

std::int64_t value_of(const std::string& text) {
  const auto expression = ShapeExpression::parse(text);
  REQUIRE(expression.has_value());
  const auto value = expression->evaluate([](const std::string& name, int index) {
    return std::optional(Dim(name == "a" ? 7 : index));
  });
  REQUIRE(value.has_value());
  return value->number();
}

const Dim kB = Dim::named("B");

}  // namespace

TEST_CASE("expressions: precedence, parentheses, floor division, indices") {
  CHECK(value_of("1 + 2 * 3") == 7);
  CHECK(value_of("(1 + 2) * 3") == 9);
  CHECK(value_of("10 - 4 - 3") == 3);
  CHECK(value_of("(0 - 7) / 2") == -4);
  CHECK(value_of("a * a") == 49);
  CHECK(value_of("k[3] + k[0]") == 3);
}

TEST_CASE("texts that are no rule are refused") {
  for (const char* text : {"",
                           "[a]",
                           "[a] ->",
                           "-> [a]",
                           "[a -> [a]",
                           "[a] -> [a] x",
                           "[a,] -> [a]",
                           "[a b] -> [a]",
                           "[] -> [(a]",
                           "[a] -> [a +]",
                           "[1a] -> [b]",
                           "[a] -> [a[]]",
                           "[a] -> [a[b]]",
                           "[a] > [a]",
                           "[-1] -> [1]",
                           "[a, *] -> [a]",
                           "[*, *] -> [*]",
                           "[a] -> [*, a]",
                           "[a] -> [a, *]",
                           "[*] -> [*, *]"}) {
    CAPTURE(text);
    CHECK(!ShapeRule::parse(text));
  }
}

TEST_CASE("deep and endless texts are refused, not followed") {
  const std::string open(100'000, '('), close(100'000, ')');
  CHECK(!ShapeRule::parse("[a] -> [" + open + "a" + close + "]"));
  std::string sum = "a";
  for (int i = 0; i < 100'000; ++i) sum += "+a";
  CHECK(!ShapeRule::parse("[a] -> [" + sum + "]"));
}

TEST_CASE("a star carries any leading axes over") {
  CHECK(applied("[*, a] -> [*, a + 1]", {{kB, 2, 3}}) == "[B, 2, 4]");
  CHECK(applied("[*, a] -> [*, a + 1]", {{3}}) == "[4]");
  CHECK(applied("[*] -> [*]", {{}}) == "[]");
  CHECK(applied("[*, a] -> [*]", {{}}).starts_with("!"));
  CHECK(applied("[*, a], [*] -> [*]", {{kB, 2, 3}, {kB, 2}}) == "[B, 2]");
  CHECK(applied("[*, a], [*] -> [*]", {{kB, 2, 3}, {kB, 4}}).starts_with("!"));
}

TEST_CASE("a name is bound at its first use, and must agree at the next") {
  CHECK(applied("[n, n] -> [n]", {{4, 4}}) == "[4]");
  CHECK(applied("[n, n] -> [n]", {{4, 5}}).starts_with("!"));
  CHECK(applied("[n, m], [m, k] -> [n, k]", {{2, 3}, {3, 4}}) == "[2, 4]");
  CHECK(applied("[n, m], [m, k] -> [n, k]", {{2, 3}, {4, 4}}).starts_with("!"));
  CHECK(applied("[n, 2*n] -> [n]", {{4, 8}}) == "[4]");
  CHECK(applied("[n, 2*n] -> [n]", {{4, 9}}).starts_with("!"));
  CHECK(applied("[n] -> [n], [2*n]", {{kB}}) == "[B][2*B]");
}

TEST_CASE("an open parameter is inferred from a number, and then checked") {
  Numbers numbers = {{"in", {0}}, {"out", {5}}};
  CHECK(applied("[*, in] -> [*, out]", {{kB, 3}}, numbers) == "[B, 5]");
  CHECK(numbers["in"] == std::vector<std::int64_t>{3});
  CHECK(applied("[*, in] -> [*, out]", {{kB, 4}}, numbers) == "!'in' is 3, but that axis is 4");
  Numbers open = {{"in", {0}}};
  CHECK(applied("[in] -> [1]", {{kB}}, open).starts_with("!"));
}

TEST_CASE("outputs that are no sizes are refused") {
  CHECK(applied("[n] -> [n - 4]", {{4}}).starts_with("!"));
  CHECK(applied("[n] -> [n / (n - 4)]", {{4}}).starts_with("!"));
  CHECK(applied("[n] -> [unknown]", {{4}}).starts_with("!"));
  CHECK(applied("[n] -> [n]", {{4}, {4}}).starts_with("!"));
  CHECK(applied("[n] -> [n]", {{4, 4}}).starts_with("!"));
}

TEST_CASE("what random expressions give follows the axes that come in") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::mt19937_64 random(seed);
    const auto h = static_cast<std::int64_t>(random() % 50 + 20),
               k = static_cast<std::int64_t>(random() % 5 + 1),
               s = static_cast<std::int64_t>(random() % 3 + 1),
               p = static_cast<std::int64_t>(random() % 3);
    Numbers numbers = {{"kernel", {k}}, {"stride", {s}}, {"padding", {p}}};
    CAPTURE(seed);
    CHECK(applied("[N, H] -> [N, (H + 2*padding - kernel) / stride + 1]", {{kB, h}}, numbers) ==
          "[B, " + std::to_string((h + 2 * p - k) / s + 1) + "]");
  }
}

}  // namespace fdl::catalog
