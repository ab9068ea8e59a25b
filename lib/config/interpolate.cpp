#include "lib/config/interpolate.h"

#include <algorithm>

#include "lib/base/closest.h"
#include "lib/config/arithmetic.h"
#include "lib/config/number.h"
#include "lib/config/yaml.h"

namespace fdl::config {
namespace {

constexpr std::size_t kLongestChain = 64;
constexpr std::size_t kMostCopiedBytes = std::size_t{64} << 20;

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

std::size_t bytes_in(const Node& node) {
  std::size_t sum = sizeof(Node) + node.text.size();
  for (const Node& item : node.items) sum += bytes_in(item);
  for (const Entry& entry : node.entries)
    sum += sizeof(Entry) + entry.key.size() + bytes_in(entry.value);
  return sum;
}

bool is_late(const std::string& section) {
  const std::vector<std::string>& late = late_sections();
  return std::find(late.begin(), late.end(), section) != late.end();
}

// Where the `${...}` from `open` to `close` of the scalar's text stands, when the text stands on
// its line as it is; else the whole scalar.
Span place_inside(const Node& node, std::size_t open, std::size_t close) {
  Span at = node.span;
  if (!at.source) return at;
  const auto column = static_cast<std::size_t>(std::max(at.column, 1) - 1);
  const std::string_view line = at.source->line_text(at.line);
  if (column > line.size() || line.substr(column).find(node.text) > 1) return at;
  at.column += static_cast<int>(open) + (node.quoted ? 1 : 0);
  at.length = static_cast<int>((close == std::string::npos ? node.text.size() : close + 1) - open);
  return at;
}

}  // namespace

const Node* NameScope::find(const std::string& name) const {
  for (const NameScope* scope = this; scope != nullptr; scope = scope->parent) {
    const auto found = scope->values.find(name);
    if (found != scope->values.end()) return &found->second;
  }
  return nullptr;
}

std::vector<std::string> NameScope::names() const {
  std::vector<std::string> out;
  for (const NameScope* scope = this; scope != nullptr; scope = scope->parent) {
    for (const auto& [name, value] : scope->values) out.push_back(name);
  }
  return out;
}

const std::vector<std::string>& late_sections() {
  static const std::vector<std::string> kSections = {"model", "modules", "commands"};
  return kSections;
}

void escape_references(Node& node) {
  for (std::size_t at = node.text.find("${"); at != std::string::npos;
       at = node.text.find("${", at + 3))
    node.text.insert(at, "$");
  for (Node& item : node.items) escape_references(item);
  for (Entry& entry : node.entries) escape_references(entry.value);
}

struct Interpolator::Outcome {
  std::optional<Node> value;  // empty: see the flags
  bool has_bare_name = false;
};

// Reads and computes the text between `${` and `}` by recursive descent.
class Interpolator::Expression {
 public:
  Expression(Interpolator& owner, std::string_view text, const NameScope* scope, Span at)
      : owner_(owner), text_(text), scope_(scope), at_(std::move(at)) {}

  Outcome evaluate() {
    Outcome out;
    if (text_.starts_with("env:")) {
      out.value = owner_.look_up_environment(std::string(text_.substr(4)), at_);
      return out;
    }
    skip_spaces();
    std::optional<Node> value = sum();
    if (bare_) return {std::nullopt, true};
    if (value && pos_ != text_.size()) value = syntax();
    out.value = std::move(value);
    return out;
  }

 private:
  std::optional<Node> syntax() {
    if (!reported_) {
      owner_.problems_.add(error(Code::InterpolationSyntax, at_, "'${{{}}}' cannot be read", text_)
                               .help("inside stand a name, or names and numbers with + - * / // % "
                                     "and parentheses"));
    }
    reported_ = true;
    return std::nullopt;
  }

  void skip_spaces() {
    while (pos_ < text_.size() && text_[pos_] == ' ') ++pos_;
  }

  std::string take_operator(std::initializer_list<std::string_view> operators) {
    for (const std::string_view op : operators) {
      if (text_.substr(pos_).starts_with(op)) {
        pos_ += op.size();
        skip_spaces();
        return std::string(op);
      }
    }
    return "";
  }

  std::optional<Node> combine(const std::string& op, const std::optional<Node>& a,
                              const std::optional<Node>& b) {
    if (!a || !b) return std::nullopt;
    const auto x = to_number(*a), y = to_number(*b);
    if (!x || !y) {
      owner_.problems_.add(error(Code::InterpolationSyntax, at_,
                                 "'{}' in '${{{}}}' needs numbers, "
                                 "but {} is none",
                                 op, text_, describe(x ? *b : *a)));
      reported_ = true;
      return std::nullopt;
    }
    const auto result = compute(op, *x, *y);
    if (!result) {
      owner_.problems_.add(error(Code::InterpolationSyntax, at_,
                                 "'{} {} {}' in '${{{}}}' has no result", a->text, op, b->text,
                                 text_)
                               .help("the divisor is zero, or the result does not fit 64 bits"));
      reported_ = true;
      return std::nullopt;
    }
    Node out = make_scalar(show(*result), at_);
    out.via = a->via;
    out.via.insert(out.via.end(), b->via.begin(), b->via.end());
    return out;
  }

  std::optional<Node> sum() {
    std::optional<Node> left = product();
    for (std::string op = take_operator({"+", "-"}); !op.empty(); op = take_operator({"+", "-"}))
      left = combine(op, left, product());
    return left;
  }

  std::optional<Node> product() {
    std::optional<Node> left = factor();
    for (std::string op = take_operator({"*", "//", "/", "%"}); !op.empty();
         op = take_operator({"*", "//", "/", "%"}))
      left = combine(op, left, factor());
    return left;
  }

  std::optional<Node> factor() {
    constexpr int kDeepest = 64;
    if (++depth_ > kDeepest) return syntax();
    std::optional<Node> out = primary();
    --depth_;
    skip_spaces();
    return out;
  }

  std::optional<Node> primary() {
    if (pos_ >= text_.size()) return syntax();
    if (!take_operator({"-"}).empty()) return combine("-", make_scalar("0", at_), factor());
    if (!take_operator({"("}).empty()) {
      std::optional<Node> inner = sum();
      return take_operator({")"}).empty() ? syntax() : inner;
    }
    const std::size_t begin = pos_;
    if (is_name_start(text_[pos_])) {
      while (pos_ < text_.size() && is_name_char(text_[pos_])) ++pos_;
      return reference(std::string(text_.substr(begin, pos_ - begin)));
    }
    while (pos_ < text_.size() && is_number_char(begin)) ++pos_;
    const std::string digits(text_.substr(begin, pos_ - begin));
    return parse_number(digits) ? std::optional(make_scalar(digits, at_)) : syntax();
  }

  bool is_number_char(std::size_t begin) const {
    const char c = text_[pos_];
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') return true;
    if (c == 'e' || c == 'E') return pos_ > begin;
    return (c == '+' || c == '-') && pos_ > begin && (text_[pos_ - 1] | 0x20) == 'e';
  }

  std::optional<Node> reference(const std::string& name) {
    if (name.find('.') != std::string::npos) return owner_.look_up_path(name, at_);
    if (scope_ == nullptr) {
      bare_ = true;
      return std::nullopt;
    }
    return owner_.look_up(name, scope_, at_);
  }

  Interpolator& owner_;
  std::string_view text_;
  const NameScope* scope_;
  Span at_;
  std::size_t pos_ = 0;
  int depth_ = 0;
  bool bare_ = false;
  bool reported_ = false;
};

// Bounds what references can make of a small file: memory, and the depth of every later recursion.
bool Interpolator::may_copy(const Node& node, const std::string& name, const Span& at) {
  num_copied_bytes_ += bytes_in(node);
  const bool too_large = num_copied_bytes_ > kMostCopiedBytes;
  if (!too_large && depth_of(node) < kDeepestNesting) return true;
  if (!has_reported_size_) {
    problems_.add(
        error(Code::InterpolationTooLarge, at, "'${{{}}}' makes {}", name,
              too_large ? "references copy more than 64 MiB" : "values nest deeper than 64 levels")
            .help("refer to smaller values, or use `modules:` and `use:`"));
  }
  has_reported_size_ = true;
  return false;
}

std::optional<Node> Interpolator::look_up(const std::string& name, const NameScope* scope,
                                          const Span& at) {
  if (const Node* found = scope->find(name)) {
    if (!may_copy(*found, name, at)) return std::nullopt;
    Node out = *found;
    out.via.push_back(found->span);
    return out;
  }
  std::vector<std::string> legal = scope->names();
  if (const Node* params = root_.find("params")) {
    for (const Entry& e : params->entries) legal.push_back("params." + e.key);
  }
  Diagnostic d = error(Code::InterpolationMissing, at, "'${{{}}}' is not defined here", name);
  if (root_.find("params") != nullptr && root_.find("params")->has(name)) {
    d = std::move(d).help("did you mean '${{params.{}}}'?", name);
  } else if (const auto near = closest(name, legal)) {
    d = std::move(d).help("did you mean '${{{}}}'?", *near);
  } else {
    d = std::move(d).help(
        "names without a dot are a module's params or a repeat's index; "
        "paths such as '${{params.width}}' reach the manifest");
  }
  problems_.add(std::move(d));
  return std::nullopt;
}

std::optional<Node> Interpolator::look_up_path(const std::string& path, const Span& at) {
  auto* target = const_cast<Node*>(find_path(root_, path));
  if (target == nullptr) {
    Diagnostic d = error(Code::InterpolationMissing, at, "'${{{}}}' is not in the manifest", path);
    const std::size_t dot = path.rfind('.');
    const Node* parent = find_path(root_, path.substr(0, dot));
    std::vector<std::string> siblings;
    if (parent != nullptr)
      for (const Entry& e : parent->entries) siblings.push_back(e.key);
    if (const auto near = closest(path.substr(dot + 1), siblings))
      d = std::move(d).help("did you mean '${{{}.{}}}'?", path.substr(0, dot), *near);
    problems_.add(std::move(d));
    return std::nullopt;
  }
  const auto is_target = [&](const auto& pair) { return pair.first == target; };
  const auto begin = std::find_if(resolving_.begin(), resolving_.end(), is_target);
  if (begin != resolving_.end()) {
    std::string chain;
    for (auto it = begin; it != resolving_.end(); ++it) chain += it->second + " -> ";
    problems_.add(
        error(Code::InterpolationCycle, at, "'${{{}}}' needs itself: {}{}", path, chain, path)
            .help("give one of them a value of its own"));
    for (auto it = begin; it != resolving_.end(); ++it) failed_.insert(it->first);
    return std::nullopt;
  }
  if (failed_.count(target) != 0) return std::nullopt;
  if (resolving_.size() >= kLongestChain) {
    problems_.add(error(Code::InterpolationTooLarge, at,
                        "'${{{}}}' stands at the end of a chain of more than {} references", path,
                        kLongestChain)
                      .help("refer to the value itself"));
    return std::nullopt;
  }
  resolving_.emplace_back(target, path);
  resolve_in_place(*target, is_late(path.substr(0, path.find('.'))));
  resolving_.pop_back();
  if (failed_.count(target) != 0 || !may_copy(*target, path, at)) return std::nullopt;
  Node out = *target;
  out.via.insert(out.via.begin(), target->span);
  return out;
}

std::optional<Node> Interpolator::look_up_environment(const std::string& text, const Span& at) {
  const std::size_t fallback = text.find(":-");
  const std::string name = text.substr(0, fallback);
  const auto found = environment_.find(name);
  if (found != environment_.end() && !(found->second.empty() && fallback != std::string::npos))
    return make_scalar(found->second, at);
  if (fallback != std::string::npos) return make_scalar(text.substr(fallback + 2), at);
  problems_.add(error(Code::InterpolationMissing, at, "the environment has no variable '{}'", name)
                    .help("set it, or give a default: '${{env:{}:-value}}'", name));
  return std::nullopt;
}

// Replaces the `${...}` of one scalar; false when something in it could not be resolved.
bool Interpolator::resolve_scalar(Node& node, const NameScope* scope, bool deferred) {
  const std::string text = node.text;
  std::string out;
  Node whole;
  bool is_whole = false;
  std::vector<Span> via = node.via;
  std::size_t pos = 0;
  while (pos < text.size()) {
    const std::size_t open = text.find("${", pos);
    if (open == std::string::npos) break;
    if (open > 0 && text[open - 1] == '$') {  // `$${` is a literal `${`
      out += text.substr(pos, open - 1 - pos) + (deferred ? "$${" : "${");
      pos = open + 2;
      continue;
    }
    const std::size_t close = text.find('}', open);
    const Span at = place_inside(node, open, close);
    if (close == std::string::npos) {
      problems_.add(error(Code::InterpolationSyntax, at, "'${{' is never closed by '}}'")
                        .help("write '$${{' for the two characters themselves"));
      return false;
    }
    const std::string inside = text.substr(open + 2, close - open - 2);
    Outcome result = Expression(*this, inside, scope, at).evaluate();
    if (result.has_bare_name) {
      if (deferred) return true;
      const NameScope nothing;
      look_up(inside, &nothing, at);
      return false;
    }
    if (!result.value) return false;
    // Outside the late sections a `${` that is left is no reference any more.
    if (deferred && !is_late(inside.substr(0, inside.find('.')))) escape_references(*result.value);
    out += text.substr(pos, open - pos);
    is_whole = open == 0 && close + 1 == text.size();
    if (is_whole) whole = *result.value;
    if (!is_whole && !result.value->is_scalar()) {
      problems_.add(error(Code::InterpolationSyntax, at,
                          "'${{{}}}' is {}, which cannot stand inside "
                          "a text",
                          inside, describe(*result.value)));
      return false;
    }
    out += result.value->text;
    via.insert(via.end(), result.value->via.begin(), result.value->via.end());
    pos = close + 1;
  }
  const Span span = node.span;
  if (is_whole) {
    node = std::move(whole);
  } else {
    out += text.substr(std::min(pos, text.size()));
    node.text = out;
  }
  node.span = span;
  node.via = std::move(via);
  return true;
}

void Interpolator::resolve_in_place(Node& node, bool deferred) {
  if (node.is_scalar() && node.text.find("${") != std::string::npos && failed_.count(&node) == 0) {
    if (!resolve_scalar(node, nullptr, deferred)) {
      failed_.insert(&node);
      node.broken = true;
    }
  }
  for (Node& item : node.items) resolve_in_place(item, deferred);
  for (Entry& entry : node.entries) resolve_in_place(entry.value, deferred);
}

void Interpolator::resolve_root(const std::vector<std::string>& deferred_sections) {
  num_copied_bytes_ = 0;
  for (Entry& entry : root_.entries) {
    const bool deferred = std::find(deferred_sections.begin(), deferred_sections.end(),
                                    entry.key) != deferred_sections.end();
    resolve_in_place(entry.value, deferred);
  }
}

Node Interpolator::resolve(const Node& node, const NameScope& scope) {
  Node out = node;
  num_copied_bytes_ = 0;
  const auto visit = [&](auto&& self, Node& n) -> void {
    if (n.is_scalar() && n.text.find("${") != std::string::npos && !n.broken)
      n.broken = !resolve_scalar(n, &scope, false);
    for (Node& item : n.items) self(self, item);
    for (Entry& entry : n.entries) self(self, entry.value);
  };
  visit(visit, out);
  return out;
}

}  // namespace fdl::config
