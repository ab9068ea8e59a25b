// What two graphs do not share.
#include <algorithm>

#include <fmt/ranges.h>

#include "lib/graph/description.h"

namespace fdl::graph {
namespace {

using Texts = std::map<std::string, std::string>;

class Comparison {
 public:
  explicit Comparison(const Sides& sides) : sides_(sides) {}

  // `value`: how a sentence names the entry of a key, given the key.
  template <typename Name>
  void compare(const Texts& a, const Texts& b, Name name) {
    for (const auto& [key, value] : a) {
      const auto other = b.find(key);
      if (other == b.end())
        out.push_back(fmt::format("{} is only {}", name(key), sides_.a));
      else if (other->second != value)
        out.push_back(
            fmt::format("{} is {} {}, {} {}", name(key), value, sides_.a, other->second, sides_.b));
    }
    for (const auto& [key, value] : b) {
      if (a.count(key) == 0) out.push_back(fmt::format("{} is only {}", name(key), sides_.b));
    }
  }

  void compare_steps(const Description::Step& a, const Description::Step& b) {
    if (a.kind != b.kind) {
      out.push_back(
          fmt::format("'{}' is '{}' {}, '{}' {}", a.path, a.kind, sides_.a, b.kind, sides_.b));
      return;
    }
    compare(a.parameters, b.parameters, [&](const std::string& parameter) {
      return fmt::format("'{}': {}", a.path, parameter);
    });
    if (a.inputs != b.inputs) {
      out.push_back(fmt::format("'{}' takes {} {}, {} {}", a.path, fmt::join(a.inputs, ", "),
                                sides_.a, fmt::join(b.inputs, ", "), sides_.b));
    }
  }

  std::vector<std::string> out;

 private:
  const Sides& sides_;
};

std::map<std::string, const Description::Step*> by_path(const Description& description) {
  std::map<std::string, const Description::Step*> out;
  for (const Description::Step& step : description.steps) out.emplace(step.path, &step);
  return out;
}

// "'linear_0' (linear)" for the steps that only one has.
Texts kinds(const Description& of, const std::map<std::string, const Description::Step*>& other) {
  Texts out;
  for (const Description::Step& step : of.steps) {
    if (other.count(step.path) == 0) out[step.path] = step.kind;
  }
  return out;
}

Texts tensor_types(const Description& of) {
  Texts out;
  for (const Description::Tensor& tensor : of.tensors)
    out[tensor.path] = tensor.type + (tensor.is_buffer ? " (buffer)" : "");
  return out;
}

bool same_order(const Description& a, const Description& b) {
  const auto same = [](const auto& x, const auto& y) { return x.path == y.path; };
  return std::equal(a.steps.begin(), a.steps.end(), b.steps.begin(), b.steps.end(), same) &&
         std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(), same);
}

}  // namespace

std::vector<std::string> differences(const Description& a, const Description& b,
                                     const Sides& sides) {
  Comparison found(sides);
  const auto quoted = [](const std::string& what) {
    return [what](const std::string& name) { return fmt::format("{}'{}'", what, name); };
  };
  found.compare(a.inputs, b.inputs, quoted("the input "));
  const auto steps_a = by_path(a), steps_b = by_path(b);
  found.compare(kinds(a, steps_b), kinds(b, steps_a), quoted("the step "));
  for (const auto& [path, step] : steps_a) {
    const auto other = steps_b.find(path);
    if (other != steps_b.end()) found.compare_steps(*step, *other->second);
  }
  found.compare(tensor_types(a), tensor_types(b), quoted("the tensor "));
  found.compare(a.outputs, b.outputs, quoted("the output "));
  if (found.out.empty() && !same_order(a, b))
    found.out.push_back("steps or tensors stand in another order");
  return found.out;
}

}  // namespace fdl::graph
