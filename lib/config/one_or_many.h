#pragma once

#include <vector>

#include "lib/config/bind.h"

namespace fdl::config {

// A parameter that is one value, or a list with one for each of something.
template <typename T>
struct OneOrMany {
  using value_type = T;
  std::vector<T> values;

  OneOrMany() = default;
  OneOrMany(T value) : values{value} {}
  auto begin() const { return values.begin(); }
  auto end() const { return values.end(); }
  bool empty() const { return values.empty(); }
  std::size_t size() const { return values.size(); }
};

template <typename T>
struct ValueTraits<OneOrMany<T>> {
  static std::string type() { return ValueTraits<T>::type() + " or a list of them"; }
  static Form form() { return Form::one_or_list(ValueTraits<T>::form()); }
  static bool read(const Node& node, OneOrMany<T>& out) {
    T single{};
    if (!ValueTraits<T>::read(node, single))
      return ValueTraits<std::vector<T>>::read(node, out.values);
    out.values = {single};
    return true;
  }
  static std::string show(const OneOrMany<T>& value) {
    return value.size() == 1 ? ValueTraits<T>::show(value.values[0]) : show_list(value);
  }
};

}  // namespace fdl::config
