#include "lib/job/expression.h"

#include <cmath>

#include <doctest/doctest.h>

namespace fdl::job {
namespace {

const std::vector<std::string> kKnown = {"loss",     "mse",        "mae",       "f1/0",
                                         "val/loss", "train/loss", "val/loss/2"};
const std::map<std::string, double> kValues = {{"loss", 0.5},  {"mse", 4},      {"mae", 8},
                                               {"f1/0", 0.25}, {"val/loss", 3}, {"train/loss", 2}};

double value_of(const std::string& text) {
  const auto parsed = Expression::parse(text, kKnown);
  INFO(text);
  REQUIRE(parsed.has_value());
  return parsed->evaluate(kValues).value();
}
std::string problem_of(const std::string& text) {
  const auto parsed = Expression::parse(text, kKnown);
  return parsed ? "" : parsed.error();
}

}  // namespace

TEST_CASE("arithmetic has its usual order") {
  CHECK(value_of("1 + 2 * 3 - 4 / 2") == 5);
  CHECK(value_of("(1 + 2) * -(3 - 4)") == 3);
  CHECK(value_of("8 / 4 / 2") == 1);
  CHECK(value_of("- -2.5e-1 * 4") == 1);
  CHECK(value_of("1e3+1") == 1001);
  CHECK(value_of("max(1, mse, 2) + min(mae, 3)") == 7);
  CHECK(value_of("sqrt(mse) + exp(0) + abs(-2)") == 5);
  CHECK(value_of("log(exp(2))") == doctest::Approx(2));
}

TEST_CASE("a name is the longest that is known") {
  CHECK(value_of("train/loss / val/loss") == 2.0 / 3);
  CHECK(value_of("mse/mae") == 0.5);
  CHECK(value_of("f1/0*4") == 1);
  CHECK(value_of("val/loss-train/loss") == 1);
  CHECK(Expression::parse("val/loss/2", kKnown)->names() == std::vector<std::string>{"val/loss/2"});
  CHECK(Expression::parse("loss + loss", kKnown)->names() == std::vector<std::string>{"loss"});
}

TEST_CASE("a text that is no expression is told") {
  CHECK(problem_of("") == "it ends where a number or a name is expected");
  CHECK(problem_of("1 +") == "it ends where a number or a name is expected");
  CHECK(problem_of("lost") == "nothing is recorded as 'lost'; is it 'loss'?");
  CHECK(problem_of("(1") == "a ')' is missing");
  CHECK(problem_of("1 2") == "'2' does not belong there");
  CHECK(problem_of("1..2") == "'1..2' is no number");
  CHECK(problem_of("sqrt 2") == "'sqrt' needs its argument in parentheses");
  CHECK(problem_of("sqrt(1, 2)") == "a ')' is missing");
  CHECK(problem_of("$") == "nothing is recorded as '$'");
  CHECK(problem_of("losses").find("losses") != std::string::npos);
  CHECK(problem_of(std::string(100000, '(')) == "it is nested too deeply");
  CHECK(problem_of(std::string(100000, '-')) == "it is nested too deeply");
}

TEST_CASE("expressions are recorded where all of their names are") {
  const auto parsed = [](const std::string& text) { return *Expression::parse(text, kKnown); };
  const std::vector<NamedExpression> all = {{"root", parsed("sqrt(mse)"), true},
                                            {"gap", parsed("val/loss - train/loss"), false}};
  std::map<std::string, double> values = {{"val/mse", 9}, {"val/loss", 1}};
  add_expressions(all, "val", values);
  CHECK(values.at("val/root") == 3);
  CHECK(values.count("gap") == 0);
  values["train/loss"] = 0.25;
  add_expressions(all, "train", values);
  CHECK(values.at("gap") == 0.75);
  CHECK(values.count("train/root") == 0);
  CHECK(std::isinf(*parsed("1 / 0").evaluate({})));
}

}  // namespace fdl::job
