#include "lib/catalog/equation.h"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

namespace fdl::catalog {
namespace {

using Sizes = std::map<char, Dim>;

bool are_letters(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalpha(c) != 0; });
}

std::vector<TensorType> given(const std::vector<TensorType>& inputs) {
  std::vector<TensorType> out;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(out),
               [](const TensorType& type) { return !type.is_absent; });
  return out;
}

// Binds the letters of one input; a sentence when it does not fit.
std::optional<std::string> bind_letters(const std::string& letters, const TensorType& type,
                                        Sizes& sizes) {
  if (letters.size() != type.shape.size())
    return fmt::format("'{}' names {} axes, but that input is {}", letters, letters.size(),
                       to_string(type));
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const auto [it, is_new] = sizes.emplace(letters[i], type.shape[i]);
    if (!is_new && !(it->second == type.shape[i]))
      return fmt::format("'{}' is {} and {}", letters[i], it->second.text(), type.shape[i].text());
  }
  return std::nullopt;
}

}  // namespace

std::optional<Equation> read_equation(std::string_view text) {
  std::string letters;
  std::copy_if(text.begin(), text.end(), std::back_inserter(letters),
               [](char c) { return c != ' '; });
  const std::size_t arrow = letters.find("->");
  if (arrow == std::string::npos) return std::nullopt;
  Equation out;
  out.output = letters.substr(arrow + 2);
  for (std::size_t begin = 0; begin <= arrow;) {
    const std::size_t end = std::min(letters.find(',', begin), arrow);
    out.inputs.push_back(letters.substr(begin, end - begin));
    begin = end + 1;
  }
  if (out.output.empty() || !are_letters(out.output)) return std::nullopt;
  std::string all;
  for (const std::string& input : out.inputs) {
    if (!are_letters(input) || !input.starts_with(out.output.front())) return std::nullopt;
    all += input;
  }
  for (const char c : out.output) {
    if (all.find(c) == std::string::npos) return std::nullopt;
    if (std::count(out.output.begin(), out.output.end(), c) != 1) return std::nullopt;
  }
  return out;
}

TypeResult einsum_type(const Equation& equation, const std::vector<TensorType>& inputs) {
  const std::vector<TensorType> present = given(inputs);
  if (present.size() != equation.inputs.size())
    return tl::unexpected(fmt::format("its equation is about {} inputs, but it gets {}",
                                      equation.inputs.size(), present.size()));
  Sizes sizes;
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (auto why = bind_letters(equation.inputs[i], present[i], sizes)) return tl::unexpected(*why);
    if (present[i].dtype != present[0].dtype)
      return tl::unexpected(to_string(present[0]) + " and " + to_string(present[i]) +
                            " are of different dtypes");
  }
  Shape out;
  for (const char c : equation.output) out.push_back(sizes.at(c));
  return std::vector<TensorType>{{present[0].dtype, std::move(out)}};
}

Dim einsum_flops(const Equation& equation, const std::vector<TensorType>& inputs) {
  const std::vector<TensorType> present = given(inputs);
  Sizes sizes;
  for (std::size_t i = 0; i < present.size(); ++i)
    bind_letters(equation.inputs[i], present[i], sizes);
  Dim out = 2;
  for (const auto& [letter, size] : sizes) out = out * size;
  return out;
}

}  // namespace fdl::catalog
