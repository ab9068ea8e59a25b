#pragma once

#include <vector>

#include "lib/config/bind.h"

namespace fdl::catalog {

// A parameter that is one value or a list of any length, which others of its module decide.
template <typename T>
struct OneOrMore : std::vector<T> {
  using std::vector<T>::vector;
};

}  // namespace fdl::catalog

namespace fdl::config {

template <typename T>
struct ValueTraits<catalog::OneOrMore<T>> {
  using List = ValueTraits<std::vector<T>>;
  static std::string type() { return ValueTraits<T>::type() + " or a list"; }
  static Form form() { return Form::one_or_list(ValueTraits<T>::form(), 1); }
  static bool read(const Node& node, catalog::OneOrMore<T>& out) {
    T single{};
    if (!ValueTraits<T>::read(node, single)) return List::read(node, out) && !out.empty();
    out = {single};
    return true;
  }
  static std::string show(const catalog::OneOrMore<T>& value) {
    return value.size() == 1 ? ValueTraits<T>::show(value[0]) : List::show(value);
  }
};

}  // namespace fdl::config
