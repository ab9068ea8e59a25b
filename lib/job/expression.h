#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace fdl::job {

// Arithmetic over recorded values: numbers, names, + - * /, parentheses, and abs, exp, log, sqrt,
// max(a, b, ...), min(a, b, ...). A name is the longest one of those known that stands there, so
// that "val/loss" is a name and "mse / mae" a division.
class Expression {
 public:
  // A sentence where it cannot be read; a name that is not known is quoted in it.
  static tl::expected<Expression, std::string> parse(std::string_view text,
                                                     const std::vector<std::string>& known);

  // The names in it, each once.
  const std::vector<std::string>& names() const { return names_; }
  // Its value where each name stands under `prefix` + name in `values`; empty where one does not.
  std::optional<double> evaluate(const std::map<std::string, double>& values,
                                 const std::string& prefix = "") const;

 private:
  friend class ExpressionParser;
  // In the order of a machine with a stack.
  struct Step {
    enum class Kind { Number, Name, Add, Sub, Mul, Div, Neg, Abs, Exp, Log, Sqrt, Max, Min } kind;
    double number = 0;
    std::size_t name = 0;
  };
  static void apply(Step::Kind kind, std::vector<double>& stack);

  std::vector<Step> steps_;
  std::vector<std::string> names_;
};

// What `training.expressions` records: under its own name where its names say which part of the
// data they are of ("val/loss"), else for each part that is measured ("val/<name>").
struct NamedExpression {
  std::string name;
  Expression expression;
  bool is_of_each_part = false;
};

// Adds the values of those expressions whose names all stand in `values`. `part` is that of the
// names without one, such as "val".
void add_expressions(const std::vector<NamedExpression>& expressions, const std::string& part,
                     std::map<std::string, double>& values);

}  // namespace fdl::job
