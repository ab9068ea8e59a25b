#include "lib/catalog/tensor_type.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

#include "lib/base/closest.h"

namespace fdl::catalog {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  std::int64_t num_bytes;
};

constexpr std::array<DTypeRow, 10> kDTypes = {{
    {DType::F32, "f32", 4},
    {DType::F64, "f64", 8},
    {DType::F16, "f16", 2},
    {DType::BF16, "bf16", 2},
    {DType::I64, "i64", 8},
    {DType::I32, "i32", 4},
    {DType::I16, "i16", 2},
    {DType::I8, "i8", 1},
    {DType::U8, "u8", 1},
    {DType::Bool, "bool", 1},
}};

std::int64_t saturated(__int128 value) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (value > kMost) return kMost;
  if (value < -kMost) return -kMost;
  return static_cast<std::int64_t>(value);
}

std::int64_t floor_div_numbers(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_axis_name(std::string_view text) {
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

std::optional<std::int64_t> positive(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

// One axis of an input: a number, a name, or a name with a bound.
std::optional<Dim> parse_axis(std::string_view text, std::map<std::string, std::int64_t>& bounds,
                              std::string& why) {
  if (const auto size = positive(text)) return Dim(*size);
  const std::size_t less = text.find("<=");
  const std::string name(trimmed(text.substr(0, less)));
  if (!is_axis_name(name)) {
    why = "an axis is a positive number or a name, not '" + std::string(text) + "'";
    return std::nullopt;
  }
  if (name == "B") {
    why = "the name B is kept for the batch axis, which is not written";
    return std::nullopt;
  }
  if (less != std::string_view::npos) {
    const auto bound = positive(trimmed(text.substr(less + 2)));
    if (!bound) {
      why = "a bound is a positive number, as in T<=512";
      return std::nullopt;
    }
    bounds[name] = *bound;
  }
  return Dim::named(name);
}

}  // namespace

std::string_view to_string(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)].name; }

std::optional<DType> parse_dtype(std::string_view text) {
  for (const DTypeRow& row : kDTypes) {
    if (row.name == text) return row.dtype;
  }
  return std::nullopt;
}

std::vector<std::string> dtype_names() {
  std::vector<std::string> out;
  for (const DTypeRow& row : kDTypes) out.emplace_back(row.name);
  return out;
}

std::int64_t bytes_of(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)].num_bytes; }

bool is_floating(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F64 || dtype == DType::F16 || dtype == DType::BF16;
}

bool is_integer(DType dtype) { return !is_floating(dtype) && dtype != DType::Bool; }

struct Dim::Atom {
  enum class Kind { Name, Product, Quotient } kind;
  std::string name;
  Dim a, b;
};

Dim Dim::of_atom(std::string text, Atom atom) {
  Dim out;
  out.terms_.emplace(std::move(text), Term{1, std::make_shared<const Atom>(std::move(atom))});
  return out;
}

Dim Dim::named(const std::string& name) {
  return of_atom(name, {Atom::Kind::Name, name, Dim(), Dim()});
}

Dim Dim::scaled(std::int64_t factor) const {
  if (factor == 0) return Dim(0);
  Dim out = *this;
  out.constant_ = saturated(static_cast<__int128>(constant_) * factor);
  for (auto& [text, term] : out.terms_)
    term.factor = saturated(static_cast<__int128>(term.factor) * factor);
  return out;
}

std::string Dim::text() const {
  std::string out;
  for (const auto& [text, term] : terms_) {
    if (!out.empty())
      out += term.factor < 0 ? " - " : " + ";
    else if (term.factor < 0)
      out += "-";
    const std::int64_t size = std::abs(term.factor);
    out += size == 1 ? text : std::to_string(size) + "*" + text;
  }
  if (out.empty()) return std::to_string(constant_);
  if (constant_ != 0) out += (constant_ < 0 ? " - " : " + ") + std::to_string(std::abs(constant_));
  return out;
}

std::optional<std::int64_t> Dim::evaluate(const std::map<std::string, std::int64_t>& sizes) const {
  __int128 sum = constant_;
  for (const auto& [text, term] : terms_) {
    std::optional<std::int64_t> value;
    if (term.atom->kind == Atom::Kind::Name) {
      const auto found = sizes.find(term.atom->name);
      if (found != sizes.end()) value = saturated(found->second);
    } else {
      const auto a = term.atom->a.evaluate(sizes), b = term.atom->b.evaluate(sizes);
      if (!a || !b) return std::nullopt;
      if (term.atom->kind == Atom::Kind::Product)
        value = saturated(static_cast<__int128>(*a) * *b);
      else if (*b != 0)
        value = floor_div_numbers(*a, *b);
    }
    if (!value) return std::nullopt;
    sum = saturated(sum + static_cast<__int128>(term.factor) * *value);
  }
  return saturated(sum);
}

Dim operator+(const Dim& a, const Dim& b) {
  Dim out = a;
  out.constant_ = saturated(static_cast<__int128>(a.constant_) + b.constant_);
  for (const auto& [text, term] : b.terms_) {
    const auto [it, is_new] = out.terms_.emplace(text, term);
    if (is_new) continue;
    it->second.factor = saturated(static_cast<__int128>(it->second.factor) + term.factor);
    if (it->second.factor == 0) out.terms_.erase(it);
  }
  return out;
}

Dim operator-(const Dim& a, const Dim& b) { return a + b.scaled(-1); }

Dim operator*(const Dim& a, const Dim& b) {
  if (a.is_number()) return b.scaled(a.constant_);
  if (b.is_number()) return a.scaled(b.constant_);
  const bool in_order = a.text() <= b.text();
  const Dim& first = in_order ? a : b;
  const Dim& second = in_order ? b : a;
  return Dim::of_atom("(" + first.text() + ")*(" + second.text() + ")",
                      {Dim::Atom::Kind::Product, "", first, second});
}

Dim floor_div(const Dim& a, const Dim& b) {
  if (a.is_number() && b.is_number()) return floor_div_numbers(a.constant_, b.constant_);
  if (a == b) return 1;
  if (b.is_number()) {
    const std::int64_t by = b.constant_;
    if (by == 1) return a;
    // floor((k*n*T + c) / n) = k*T + floor(c / n).
    const bool divides = std::all_of(a.terms_.begin(), a.terms_.end(),
                                     [&](const auto& t) { return t.second.factor % by == 0; });
    if (divides) {
      Dim out = a;
      out.constant_ = floor_div_numbers(a.constant_, by);
      for (auto& [text, term] : out.terms_) term.factor /= by;
      return out;
    }
  }
  return Dim::of_atom("(" + a.text() + ")/" + (b.is_number() ? b.text() : "(" + b.text() + ")"),
                      {Dim::Atom::Kind::Quotient, "", a, b});
}

bool operator==(const Dim& a, const Dim& b) {
  if (a.constant_ != b.constant_ || a.terms_.size() != b.terms_.size()) return false;
  return std::equal(a.terms_.begin(), a.terms_.end(), b.terms_.begin(),
                    [](const auto& x, const auto& y) {
                      return x.first == y.first && x.second.factor == y.second.factor;
                    });
}

std::string to_string(const Shape& shape) {
  std::string out;
  for (const Dim& dim : shape) out += (out.empty() ? "" : ", ") + dim.text();
  return "[" + out + "]";
}

Dim num_elements(const Shape& shape) {
  Dim out = 1;
  for (const Dim& dim : shape) out = out * dim;
  return out;
}

std::string to_string(const TensorType& type) {
  return std::string(to_string(type.dtype)) + to_string(type.shape);
}

std::optional<TensorType> parse_tensor_type(std::string_view text,
                                            std::map<std::string, std::int64_t>& bounds,
                                            std::string& why) {
  text = trimmed(text);
  const std::size_t open = text.find('[');
  if (open == std::string_view::npos || text.back() != ']') {
    why = "the form is dtype[axes], for example f32[1, 28, 28]";
    return std::nullopt;
  }
  const std::string name(trimmed(text.substr(0, open)));
  const std::optional<DType> dtype = parse_dtype(name);
  if (!dtype) {
    why = "'" + name + "' is no dtype: use " + one_of(dtype_names());
    return std::nullopt;
  }
  TensorType out{*dtype, {}};
  std::string_view axes = trimmed(text.substr(open + 1, text.size() - open - 2));
  constexpr std::size_t kMostAxes = 8;
  while (!axes.empty()) {
    const std::size_t comma = axes.find(',');
    const std::optional<Dim> dim = parse_axis(trimmed(axes.substr(0, comma)), bounds, why);
    if (!dim) return std::nullopt;
    out.shape.push_back(*dim);
    if (out.shape.size() > kMostAxes) {
      why = "a tensor has at most 8 axes";
      return std::nullopt;
    }
    if (comma == std::string_view::npos) break;
    axes = trimmed(axes.substr(comma + 1));
    if (axes.empty()) why = "an axis is missing after the last comma";
    if (axes.empty()) return std::nullopt;
  }
  return out;
}

}  // namespace fdl::catalog
