#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/config/number.h"
#include "lib/config/tree.h"

// Declares once how a struct is read from a manifest. From one declaration follow binding, type,
// range and unknown-key errors, defaults (they are the struct's own), help, docs and schema.
namespace fdl::config {

struct RecordSpec;

// What a value may be, for those who describe it to other programs. The words for people are
// ValueTraits::type().
struct Form {
  enum class Kind { Boolean, Integer, Number, Text, Any, Null, List, OneOf };
  Kind kind = Kind::Any;
  std::vector<Form> parts = {};            // of OneOf: the alternatives; of a list: what an item is
  std::size_t least = 0, most = SIZE_MAX;  // items of a list
  std::vector<std::string> words = {};     // the only texts it may be; empty: any
  std::optional<double> low = {};          // the least number, beside the field's own range

  static Form one_of(std::vector<Form> parts) { return {Kind::OneOf, std::move(parts)}; }
  static Form list(Form item, std::size_t least = 0, std::size_t most = SIZE_MAX) {
    return {Kind::List, {std::move(item)}, least, most};
  }
  // One value, or a list of them.
  static Form one_or_list(const Form& item, std::size_t least = 0, std::size_t most = SIZE_MAX) {
    return one_of({item, list(item, least, most)});
  }
};

// An interval of numbers, with its words.
struct Range {
  double low, high;
  bool low_open, high_open;
  std::string words;
  bool holds(double v) const {
    return (low_open ? v > low : v >= low) && (high_open ? v < high : v <= high);
  }
};

// One key of a record.
struct FieldSpec {
  std::string name;
  std::string alias;         // its one short name, or ""
  std::string doc;           // one sentence
  std::string type;          // in words: "an integer", "a list of numbers"
  std::string default_text;  // as YAML, from the struct itself
  bool is_required = false;
  bool is_inferred = false;  // computed from what reaches the step when it is not given
  bool is_main = false;      // a bare value sets this one
  bool takes_null = false;   // null is a value of its own, and not the default
  std::string range;         // in words: "at least 1"
  Form form;
  std::optional<Range> limits;  // of each number in it
  std::vector<std::string> choices;
  const RecordSpec* record = nullptr;  // of a nested record

  // Reads `node` into the record at `object`; reports FDL2002, FDL2005, FDL2006.
  std::function<void(const Node& node, void* object, Diagnostics& problems)> bind;
  // The value as integers, for shape rules: one for an integer or boolean, several for a tuple,
  // none for the rest.
  std::function<std::vector<std::int64_t>(const void* object)> integers;
  std::function<void(void* object, std::int64_t value)> set_integer;  // of an inferred integer
  std::function<std::string(const void* object)> show;                // the value as YAML
};

// A struct's keys.
struct RecordSpec {
  std::string name;
  std::string summary;
  std::vector<FieldSpec> fields;

  const FieldSpec* find(std::string_view name_or_alias) const;
  const FieldSpec* main_field() const;
  std::vector<std::string> names() const;
  // "normalized_shape (inferred), eps = 1e-05, bias = true".
  std::string signature() const;
};

// Reads `node` into the record at `object`: a map by key, a bare value into the main field; null
// takes an optional value away and leaves any other default. All problems are reported; unknown
// keys under the code `unknown_key`.
void bind_record(const RecordSpec& spec, const Node& node, void* object, Diagnostics& problems,
                 Code unknown_key = Code::UnknownKey);

// "'kernel_size' must be an integer, not 'abc'".
Diagnostic wrong_type(const Node& node, std::string_view what, std::string_view expected);

// Adds to the map `tree` what the record's defaults say about keys that are absent (for display).
void add_defaults(Node& tree, const RecordSpec& spec);

// A text as YAML: in quotes where it would else be read as something other than itself.
std::string shown_text(const std::string& text);

// How a C++ type is read and shown. Specialise it for a type of your own.
template <typename T>
struct ValueTraits;

template <>
struct ValueTraits<bool> {
  static std::string type() { return "true or false"; }
  static Form form() { return {Form::Kind::Boolean}; }
  static bool read(const Node& node, bool& out) {
    const auto value = node.is_scalar() && !node.quoted ? parse_bool(node.text) : std::nullopt;
    if (value) out = *value;
    return value.has_value();
  }
  static std::string show(bool value) { return value ? "true" : "false"; }
};

template <>
struct ValueTraits<std::int64_t> {
  static std::string type() { return "an integer"; }
  static Form form() { return {Form::Kind::Integer}; }
  static bool read(const Node& node, std::int64_t& out) {
    const auto value = node.is_scalar() && !node.quoted ? parse_integer(node.text) : std::nullopt;
    if (value) out = *value;
    return value.has_value();
  }
  static std::string show(std::int64_t value) { return std::to_string(value); }
};

template <>
struct ValueTraits<double> {
  static std::string type() { return "a number"; }
  static Form form() { return {Form::Kind::Number}; }
  static bool read(const Node& node, double& out) {
    const auto value = node.is_scalar() && !node.quoted ? parse_number(node.text) : std::nullopt;
    if (value) out = *value;
    return value.has_value();
  }
  static std::string show(double value) { return show_number(value); }
};

template <>
struct ValueTraits<std::string> {
  static std::string type() { return "a text"; }
  static Form form() { return {Form::Kind::Text}; }
  static bool read(const Node& node, std::string& out) {
    if (node.is_scalar()) out = node.text;
    return node.is_scalar();
  }
  static std::string show(const std::string& value) { return shown_text(value); }
};

// A part of the tree that is read later, by somebody who knows the catalogue.
template <>
struct ValueTraits<Node> {
  static std::string type() { return "a value"; }
  static Form form() { return {Form::Kind::Any}; }
  static bool read(const Node& node, Node& out) {
    out = node;
    return true;
  }
  static std::string show(const Node&) { return "null"; }
};

template <typename T>
struct ValueTraits<std::optional<T>> {
  static std::string type() { return ValueTraits<T>::type() + " or null"; }
  static Form form() { return Form::one_of({ValueTraits<T>::form(), {Form::Kind::Null}}); }
  static bool read(const Node& node, std::optional<T>& out) {
    out.reset();
    if (node.is_null()) return true;
    T value{};
    if (!ValueTraits<T>::read(node, value)) return false;
    out = std::move(value);
    return true;
  }
  static std::string show(const std::optional<T>& value) {
    return value ? ValueTraits<T>::show(*value) : "null";
  }
};

template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <typename List>
std::string show_list(const List& list) {
  std::string out;
  for (const auto& item : list) {
    out += (out.empty() ? "" : ", ") + ValueTraits<typename List::value_type>::show(item);
  }
  return "[" + out + "]";
}

template <typename T>
struct ValueTraits<std::vector<T>> {
  static std::string type() { return "a list, each item " + ValueTraits<T>::type(); }
  static Form form() { return Form::list(ValueTraits<T>::form()); }
  static bool read(const Node& node, std::vector<T>& out) {
    out.clear();
    if (!node.is_list()) return false;
    for (const Node& item : node.items) {
      T value{};
      if (!ValueTraits<T>::read(item, value)) return false;
      out.push_back(std::move(value));
    }
    return true;
  }
  static std::string show(const std::vector<T>& value) { return show_list(value); }
};

// A tuple such as a kernel size: one value for all positions, or a list with one for each.
template <typename T, std::size_t N>
struct ValueTraits<std::array<T, N>> {
  static std::string type() {
    return ValueTraits<T>::type() + " or a list of " + std::to_string(N);
  }
  static Form form() { return Form::one_or_list(ValueTraits<T>::form(), N, N); }
  static bool read(const Node& node, std::array<T, N>& out) {
    T single{};
    if (ValueTraits<T>::read(node, single)) {
      out.fill(single);
      return true;
    }
    if (!node.is_list() || node.items.size() != N) return false;
    for (std::size_t i = 0; i < N; ++i) {
      if (!ValueTraits<T>::read(node.items[i], out[i])) return false;
    }
    return true;
  }
  static std::string show(const std::array<T, N>& value) {
    bool same = true;
    for (const T& item : value) same = same && item == value[0];
    return same ? ValueTraits<T>::show(value[0]) : show_list(value);
  }
};

// A struct is a nested record when a function `const RecordSpec& record_spec(const T*)` is found
// in its namespace.
template <typename T>
concept Record = requires(const T* t) {
  { record_spec(t) } -> std::same_as<const RecordSpec&>;
};

// --- What may be said of a field -------------------------------------------------------------

struct Required {};
struct Inferred {};
struct MainField {};
inline constexpr Required required;
inline constexpr Inferred inferred;
inline constexpr MainField main_field;

struct Alias {
  std::string name;
};
inline Alias alias(std::string name) { return {std::move(name)}; }

Range at_least(double low);
Range above(double low);
Range between(double low, double high);             // both ends included
Range at_least_and_below(double low, double high);  // [low, high)

struct Choices {
  std::vector<std::string> names;
};
inline Choices choices(std::vector<std::string> names) { return {std::move(names)}; }

// --- The builder -----------------------------------------------------------------------------

// The numbers inside a value, for range checks.
template <typename T>
std::vector<double> numbers_in(const T& value) {
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    return {static_cast<double>(value)};
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? numbers_in(*value) : std::vector<double>{};
  } else if constexpr (requires { value.begin(); } && !std::is_same_v<T, std::string>) {
    std::vector<double> out;
    for (const auto& item : value) {
      for (const double n : numbers_in(item)) out.push_back(n);
    }
    return out;
  } else {
    return {};
  }
}

template <typename T>
std::vector<std::int64_t> integers_in(const T& value) {
  if constexpr (std::is_integral_v<T>) {
    return {static_cast<std::int64_t>(value)};
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? integers_in(*value) : std::vector<std::int64_t>{};
  } else if constexpr (requires { value.begin(); } && !std::is_same_v<T, std::string>) {
    std::vector<std::int64_t> out;
    for (const auto& item : value) {
      for (const std::int64_t n : integers_in(item)) out.push_back(n);
    }
    return out;
  } else {
    return {};
  }
}

void report_range(const Node& node, const std::string& name, const Range& range,
                  Diagnostics& problems);
void report_choice(const Node& node, const std::string& name, const std::vector<std::string>& names,
                   Diagnostics& problems);

template <typename P>
class RecordBuilder {
 public:
  RecordBuilder(std::string name, std::string summary) {
    spec_.name = std::move(name);
    spec_.summary = std::move(summary);
  }

  template <typename M, typename... Options>
  RecordBuilder& field(std::string name, M P::*member, std::string doc, Options... options) {
    FieldSpec field;
    field.name = name;
    field.doc = std::move(doc);
    std::optional<Range> range;
    (apply(field, range, options), ...);
    if constexpr (Record<M>) {
      field.record = &record_spec(static_cast<const M*>(nullptr));
      field.type = "a map";
      field.bind = [member, record = field.record](const Node& node, void* object, Diagnostics& p) {
        bind_record(*record, node, &(static_cast<P*>(object)->*member), p);
      };
    } else {
      field.type = ValueTraits<M>::type();
      field.form = ValueTraits<M>::form();
      field.limits = range;
      field.takes_null = is_optional<M>;
      field.default_text = ValueTraits<M>::show(P{}.*member);
      field.show = [member](const void* object) {
        return ValueTraits<M>::show(static_cast<const P*>(object)->*member);
      };
      field.bind = [member, name, range, names = field.choices](const Node& node, void* object,
                                                                Diagnostics& problems) {
        M value{};
        if (!ValueTraits<M>::read(node, value)) {
          problems.add(wrong_type(node, name, ValueTraits<M>::type()));
          return;
        }
        if (range) {
          for (const double n : numbers_in(value)) {
            if (!range->holds(n)) return report_range(node, name, *range, problems);
          }
        }
        if constexpr (std::is_same_v<M, std::string>) {
          const bool listed = std::find(names.begin(), names.end(), value) != names.end();
          if (!names.empty() && !listed) return report_choice(node, name, names, problems);
        }
        if constexpr (std::is_same_v<M, std::optional<std::string>>) {
          const bool listed =
              !value || std::find(names.begin(), names.end(), *value) != names.end();
          if (!names.empty() && !listed) return report_choice(node, name, names, problems);
        }
        static_cast<P*>(object)->*member = std::move(value);
      };
      field.integers = [member](const void* object) {
        return integers_in(static_cast<const P*>(object)->*member);
      };
      if constexpr (std::is_same_v<M, std::int64_t>) {
        field.set_integer = [member](void* object, std::int64_t v) {
          static_cast<P*>(object)->*member = v;
        };
      }
    }
    spec_.fields.push_back(std::move(field));
    return *this;
  }

  RecordSpec build() const { return spec_; }

 private:
  static void apply(FieldSpec& f, std::optional<Range>&, const Required&) { f.is_required = true; }
  static void apply(FieldSpec& f, std::optional<Range>&, const Inferred&) { f.is_inferred = true; }
  static void apply(FieldSpec& f, std::optional<Range>&, const MainField&) { f.is_main = true; }
  static void apply(FieldSpec& f, std::optional<Range>&, const Alias& a) { f.alias = a.name; }
  static void apply(FieldSpec& f, std::optional<Range>&, const Choices& c) { f.choices = c.names; }
  static void apply(FieldSpec& f, std::optional<Range>& range, const Range& r) {
    f.range = r.words;
    range = r;
  }

  RecordSpec spec_;
};

}  // namespace fdl::config
