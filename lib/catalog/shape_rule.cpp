#include "lib/catalog/shape_rule.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace fdl::catalog {

struct ShapeExpression::Tree {
  enum class Kind { Number, Name, Star, Add, Subtract, Multiply, Divide } kind;
  std::int64_t number = 0;  // of a Number; the index of a Name, or -1
  std::string name;
  std::shared_ptr<const Tree> left, right;
};

// Recursive descent over one text. Depth is bounded: the texts are ours, but the parser is fuzzed.
class ShapeParser {
 public:
  using Tree = ShapeExpression::Tree;
  using Link = std::shared_ptr<const Tree>;

  explicit ShapeParser(std::string_view text) : text_(text) {}

  std::optional<ShapeExpression> whole_expression() {
    ShapeExpression out;
    out.tree_ = sum();
    if (!out.tree_ || !at_end()) return std::nullopt;
    return out;
  }

  std::optional<std::vector<std::vector<ShapeExpression>>> shapes() {
    std::vector<std::vector<ShapeExpression>> out;
    do {
      if (!take('[')) return std::nullopt;
      std::vector<ShapeExpression> shape;
      while (!take(']')) {
        if (!shape.empty() && !take(',')) return std::nullopt;
        std::optional<ShapeExpression> item = axis();
        if (!item) return std::nullopt;
        shape.push_back(std::move(*item));
      }
      out.push_back(std::move(shape));
    } while (take(','));
    return out;
  }

  bool take_arrow() { return take('-') && take('>'); }
  bool at_end() {
    skip();
    return pos_ == text_.size();
  }

 private:
  static constexpr int kDeepest = 64;
  static constexpr int kMostOperators = 256;  // their tree is walked by recursion too

  void skip() {
    while (pos_ < text_.size() && text_[pos_] == ' ') ++pos_;
  }
  bool take(char c) {
    skip();
    if (pos_ >= text_.size() || text_[pos_] != c) return false;
    ++pos_;
    return true;
  }

  std::optional<ShapeExpression> axis() {
    ShapeExpression out;
    out.tree_ =
        take('*') ? std::make_shared<Tree>(Tree{Tree::Kind::Star, 0, "", nullptr, nullptr}) : sum();
    if (!out.tree_) return std::nullopt;
    return out;
  }

  Link binary(Tree::Kind kind, Link a, Link b) {
    if (!a || !b || ++num_operators_ > kMostOperators) return nullptr;
    return std::make_shared<Tree>(Tree{kind, 0, "", std::move(a), std::move(b)});
  }

  Link sum() {
    Link left = product();
    while (left) {
      if (take('+'))
        left = binary(Tree::Kind::Add, left, product());
      else if (take('-'))
        left = binary(Tree::Kind::Subtract, left, product());
      else
        break;
    }
    return left;
  }

  Link product() {
    Link left = primary();
    while (left) {
      if (take('*'))
        left = binary(Tree::Kind::Multiply, left, primary());
      else if (take('/'))
        left = binary(Tree::Kind::Divide, left, primary());
      else
        break;
    }
    return left;
  }

  Link primary() {
    if (++depth_ > kDeepest) return nullptr;
    Link out = primary_inside();
    --depth_;
    return out;
  }

  Link primary_inside() {
    if (take('(')) {
      Link inner = sum();
      return take(')') ? inner : nullptr;
    }
    skip();
    if (pos_ >= text_.size()) return nullptr;
    const auto c = static_cast<unsigned char>(text_[pos_]);
    if (std::isdigit(c) != 0)
      return std::make_shared<Tree>(Tree{Tree::Kind::Number, digits(), "", nullptr, nullptr});
    if (std::isalpha(c) == 0 && c != '_') return nullptr;
    const std::size_t begin = pos_;
    while (pos_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[pos_])) != 0 || text_[pos_] == '_'))
      ++pos_;
    Tree name{Tree::Kind::Name, -1, std::string(text_.substr(begin, pos_ - begin)), nullptr,
              nullptr};
    if (take('[')) {
      constexpr std::int64_t kLargestIndex = 7;
      skip();
      const std::size_t first = pos_;
      name.number = digits();
      if (pos_ == first || name.number > kLargestIndex || !take(']')) return nullptr;
    }
    return std::make_shared<Tree>(std::move(name));
  }

  std::int64_t digits() {
    skip();
    std::int64_t value = 0;
    constexpr std::int64_t kMost = 1'000'000'000'000;
    while (pos_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[pos_])) != 0) {
      if (value < kMost) value = value * 10 + (text_[pos_] - '0');
      ++pos_;
    }
    return value;
  }

  std::string_view text_;
  std::size_t pos_ = 0;
  int depth_ = 0;
  int num_operators_ = 0;
};

std::optional<ShapeExpression> ShapeExpression::parse(std::string_view text) {
  return ShapeParser(text).whole_expression();
}

std::optional<Dim> ShapeExpression::evaluate(const Resolver& resolve) const {
  const auto visit = [&](auto&& self, const Tree& t) -> std::optional<Dim> {
    if (t.kind == Tree::Kind::Number) return Dim(t.number);
    if (t.kind == Tree::Kind::Name) return resolve(t.name, static_cast<int>(t.number));
    if (t.kind == Tree::Kind::Star) return std::nullopt;
    const std::optional<Dim> a = self(self, *t.left), b = self(self, *t.right);
    if (!a || !b) return std::nullopt;
    if (t.kind == Tree::Kind::Add) return *a + *b;
    if (t.kind == Tree::Kind::Subtract) return *a - *b;
    if (t.kind == Tree::Kind::Multiply) return *a * *b;
    if (*b == Dim(0)) return std::nullopt;
    return floor_div(*a, *b);
  };
  return visit(visit, *tree_);
}

std::optional<std::string> ShapeExpression::as_name() const {
  if (tree_->kind != Tree::Kind::Name || tree_->number != -1) return std::nullopt;
  return tree_->name;
}

bool ShapeExpression::is_star() const { return tree_->kind == Tree::Kind::Star; }

struct ShapeRule::Bindings {
  std::map<std::string, Dim> names;
  std::optional<Shape> star;
};

std::optional<ShapeRule> ShapeRule::parse(std::string_view text) {
  ShapeParser parser(text);
  auto inputs = parser.shapes();
  if (!inputs || !parser.take_arrow()) return std::nullopt;
  auto outputs = parser.shapes();
  if (!outputs || !parser.at_end()) return std::nullopt;
  const auto is_star = [](const ShapeExpression& e) { return e.is_star(); };
  const auto has_star = [&](const Pattern& p) { return !p.empty() && is_star(p.front()); };
  const auto star_is_first = [&](const Pattern& p) {
    return p.empty() || std::none_of(p.begin() + 1, p.end(), is_star);
  };
  const bool binds_star = std::any_of(inputs->begin(), inputs->end(), has_star);
  const bool uses_star = std::any_of(outputs->begin(), outputs->end(), has_star);
  if (!std::all_of(inputs->begin(), inputs->end(), star_is_first) ||
      !std::all_of(outputs->begin(), outputs->end(), star_is_first) || (uses_star && !binds_star))
    return std::nullopt;
  ShapeRule rule;
  rule.text_ = std::string(text);
  rule.inputs_ = std::move(*inputs);
  rule.outputs_ = std::move(*outputs);
  return rule;
}

// Empty when the shape fits, else why not.
std::optional<std::string> ShapeRule::match(const Pattern& pattern, const Shape& shape,
                                            const ParameterAccess& parameters,
                                            Bindings& bound) const {
  const bool open = !pattern.empty() && pattern.front().is_star();
  const std::size_t fixed = pattern.size() - (open ? 1 : 0);
  if (shape.size() < fixed || (!open && shape.size() != fixed))
    return fmt::format("it takes {}{} axes", open ? "at least " : "", fixed);
  const std::size_t num_leading = shape.size() - fixed;
  if (open) {
    Shape leading(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(num_leading));
    if (bound.star && !(*bound.star == leading)) return "its inputs differ in their leading axes";
    bound.star = std::move(leading);
  }
  for (std::size_t i = 0; i < fixed; ++i) {
    const Dim& actual = shape[num_leading + i];
    const ShapeExpression& axis = pattern[i + (open ? 1 : 0)];
    const std::optional<std::string> name = axis.as_name();
    if (name && parameters.is_inferred_and_open(*name)) {
      if (!actual.is_number())
        return fmt::format("'{}' cannot follow from the axis {}", *name, actual.text());
      parameters.infer(*name, actual.number());
      continue;
    }
    const auto resolve = [&](const std::string& n, int index) -> std::optional<Dim> {
      const auto found = bound.names.find(n);
      return found != bound.names.end() ? std::optional(found->second) : parameters.value(n, index);
    };
    const std::optional<Dim> expected = axis.evaluate(resolve);
    if (!expected && name) {
      bound.names.emplace(*name, actual);
    } else if (expected && !(*expected == actual)) {
      return name ? fmt::format("'{}' is {}, but that axis is {}", *name, expected->text(),
                                actual.text())
                  : fmt::format("axis {} must be {}, not {}", num_leading + i, expected->text(),
                                actual.text());
    }
  }
  return std::nullopt;
}

ShapeResult ShapeRule::apply(const std::vector<Shape>& inputs,
                             const ParameterAccess& parameters) const {
  Bindings bound;
  if (inputs.size() != inputs_.size())
    return tl::unexpected(fmt::format("it takes {} inputs", inputs_.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (auto why = match(inputs_[i], inputs[i], parameters, bound)) return tl::unexpected(*why);
  }
  const auto resolve = [&](const std::string& name, int index) -> std::optional<Dim> {
    const auto found = bound.names.find(name);
    return found != bound.names.end() ? std::optional(found->second)
                                      : parameters.value(name, index);
  };
  std::vector<Shape> out;
  for (const Pattern& pattern : outputs_) {
    Shape shape;
    for (const ShapeExpression& axis : pattern) {
      if (axis.is_star()) {
        shape.insert(shape.end(), bound.star->begin(), bound.star->end());
        continue;
      }
      const std::optional<std::string> name = axis.as_name();
      const bool is_bound = name && bound.names.count(*name) != 0;
      const auto several = name && !is_bound ? parameters.several(*name) : std::vector<Dim>();
      if (!several.empty()) {
        shape.insert(shape.end(), several.begin(), several.end());
        continue;
      }
      const std::optional<Dim> dim = axis.evaluate(resolve);
      if (!dim) return tl::unexpected(std::string("its output size cannot be computed"));
      if (dim->is_number() && dim->number() < 1)
        return tl::unexpected(fmt::format("its output would have an axis of size {}", dim->text()));
      shape.push_back(*dim);
    }
    out.push_back(std::move(shape));
  }
  return out;
}

}  // namespace fdl::catalog
