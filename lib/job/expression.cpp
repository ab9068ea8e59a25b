#include "lib/job/expression.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "lib/base/closest.h"
#include "lib/config/number.h"

namespace fdl::job {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

constexpr int kMostNested = 100;  // deeper ones would need a stack without end

}  // namespace

// One call of `parse`. A function that fails leaves `problem_`, and everything stops there.
class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, const std::vector<std::string>& known)
      : text_(text), known_(known) {}

  tl::expected<Expression, std::string> parse() {
    sum();
    skip_blanks();
    if (problem_.empty() && at_ < text_.size())
      problem_ = fmt::format("'{}' does not belong there", text_.substr(at_));
    if (!problem_.empty()) return tl::unexpected(problem_);
    return std::move(out_);
  }

 private:
  using Kind = Expression::Step::Kind;

  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (!problem_.empty() || at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void emit(Kind kind, double number = 0, std::size_t name = 0) {
    out_.steps_.push_back({kind, number, name});
  }

  void sum() {
    term();
    for (;;) {
      const bool is_plus = take('+');
      if (!is_plus && !take('-')) return;
      term();
      emit(is_plus ? Kind::Add : Kind::Sub);
    }
  }
  void term() {
    factor();
    for (;;) {
      const bool is_times = take('*');
      if (!is_times && !take('/')) return;
      factor();
      emit(is_times ? Kind::Mul : Kind::Div);
    }
  }
  void factor() {
    if (++depth_ > kMostNested) problem_ = "it is nested too deeply";
    if (!problem_.empty()) return;
    if (take('-')) {
      factor();
      emit(Kind::Neg);
    } else if (take('(')) {
      sum();
      close();
    } else {
      atom();
    }
    --depth_;
  }
  void close() {
    if (problem_.empty() && !take(')')) problem_ = "a ')' is missing";
  }

  void atom() {
    skip_blanks();
    if (at_ == text_.size()) {
      problem_ = "it ends where a number or a name is expected";
    } else if (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '.') {
      number();
    } else if (!known_name() && !function()) {
      unknown();
    }
  }

  void number() {
    std::size_t end = at_;
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == '.' || is_exponent(end)))
      ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    const auto value = config::parse_number(std::string(word));
    if (!value) problem_ = fmt::format("'{}' is no number", word);
    emit(Kind::Number, value.value_or(0));
    at_ = end;
  }
  // The sign in 1e-3.
  bool is_exponent(std::size_t at) const {
    return (text_[at] == '-' || text_[at] == '+') && at > at_ && std::tolower(text_[at - 1]) == 'e';
  }

  bool known_name() {
    const std::string* best = nullptr;
    for (const std::string& name : known_) {
      const std::size_t end = at_ + name.size();
      const bool fits = text_.substr(at_).starts_with(name) &&
                        (end == text_.size() || !is_word(text_[end]) || !is_word(name.back()));
      if (fits && (best == nullptr || name.size() > best->size())) best = &name;
    }
    if (best == nullptr) return false;
    at_ += best->size();
    auto& names = out_.names_;
    const auto found = std::find(names.begin(), names.end(), *best);
    emit(Kind::Name, 0, static_cast<std::size_t>(found - names.begin()));
    if (found == names.end()) names.push_back(*best);
    return true;
  }

  std::string_view word() const {
    std::size_t end = at_;
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == '/')) ++end;
    return text_.substr(at_, std::max<std::size_t>(end - at_, 1));
  }

  bool function() {
    struct Function {
      std::string_view name;
      Kind kind;
    };
    constexpr std::array kFunctions = {Function{"abs", Kind::Abs}, Function{"exp", Kind::Exp},
                                       Function{"log", Kind::Log}, Function{"sqrt", Kind::Sqrt},
                                       Function{"max", Kind::Max}, Function{"min", Kind::Min}};
    const std::string_view name = word();
    const auto found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                    [&](const Function& f) { return f.name == name; });
    if (found == kFunctions.end()) return false;
    at_ += name.size();
    if (!take('(')) {
      problem_ = fmt::format("'{}' needs its argument in parentheses", name);
      return true;
    }
    sum();
    const bool takes_many = found->kind == Kind::Max || found->kind == Kind::Min;
    if (!takes_many) emit(found->kind);
    while (takes_many && take(',')) {
      sum();
      emit(found->kind);
    }
    close();
    return true;
  }

  void unknown() {
    const std::string name(word());
    problem_ = fmt::format("nothing is recorded as '{}'", name);
    if (const auto near = closest(name, known_)) problem_ += fmt::format("; is it '{}'?", *near);
  }

  std::string_view text_;
  const std::vector<std::string>& known_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string problem_;
  Expression out_;
};

tl::expected<Expression, std::string> Expression::parse(std::string_view text,
                                                        const std::vector<std::string>& known) {
  return ExpressionParser(text, known).parse();
}

void Expression::apply(Step::Kind kind, std::vector<double>& stack) {
  using Kind = Step::Kind;
  const double b = stack.back();
  const bool is_binary = (kind >= Kind::Add && kind <= Kind::Div) || kind >= Kind::Max;
  if (is_binary) stack.pop_back();
  double& a = stack.back();
  if (kind == Kind::Add) a += b;
  if (kind == Kind::Sub) a -= b;
  if (kind == Kind::Mul) a *= b;
  if (kind == Kind::Div) a /= b;
  if (kind == Kind::Neg) a = -a;
  if (kind == Kind::Abs) a = std::abs(a);
  if (kind == Kind::Exp) a = std::exp(a);
  if (kind == Kind::Log) a = std::log(a);
  if (kind == Kind::Sqrt) a = std::sqrt(a);
  if (kind == Kind::Max) a = std::max(a, b);
  if (kind == Kind::Min) a = std::min(a, b);
}

std::optional<double> Expression::evaluate(const std::map<std::string, double>& values,
                                           const std::string& prefix) const {
  std::vector<double> stack;
  for (const Step& step : steps_) {
    if (step.kind == Step::Kind::Number) {
      stack.push_back(step.number);
    } else if (step.kind == Step::Kind::Name) {
      const auto found = values.find(prefix + names_[step.name]);
      if (found == values.end()) return std::nullopt;
      stack.push_back(found->second);
    } else {
      apply(step.kind, stack);
    }
  }
  return stack.back();
}

void add_expressions(const std::vector<NamedExpression>& expressions, const std::string& part,
                     std::map<std::string, double>& values) {
  for (const NamedExpression& one : expressions) {
    const std::string prefix = one.is_of_each_part ? part + "/" : "";
    if (const auto value = one.expression.evaluate(values, prefix))
      values[prefix + one.name] = *value;
  }
}

}  // namespace fdl::job
