#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "lib/catalog/catalog.h"

namespace fdl::testing {

// Random models, most of them wrong somewhere: building must answer, whatever is asked.
class RandomModel {
 public:
  explicit RandomModel(std::uint64_t seed) : random_(seed) {}

  std::string flow(int depth) {
    std::string out = "[";
    for (std::uint64_t n = pick(3) + 1; n > 0; --n) out += step(depth) + (n > 1 ? ", " : "");
    return out + "]";
  }

 private:
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  std::string module() {
    static const std::vector<std::string> kNames = catalog::module_names();
    const std::string& name = kNames[pick(kNames.size())];
    if (pick(3) == 0) return name + ": " + std::to_string(pick(12));
    const std::string& example = catalog::find_module(name)->example;
    const bool is_word = example.find(':') == std::string::npos;
    return is_word ? example + ": " : example;
  }

  std::string module_step() {
    std::string out = "{";  // "{" + module() is a false alarm of g++ 12
    return out.append(module()).append("}");
  }

  std::string tag() { return std::string(1, static_cast<char>('a' + pick(3))); }

  std::string precision() {
    static const char* const kNames[] = {"f32", "f64", "bf16", "f16"};
    return kNames[pick(4)];
  }

  std::string common() {
    std::string out;
    if (pick(4) == 0) out += ", tag: " + tag();
    if (pick(6) == 0) out += ", name: n" + std::to_string(pick(4));
    if (pick(8) == 0) out += ", from: " + (pick(2) == 0 ? tag() : "x");
    if (pick(12) == 0) out += ", using: [" + tag() + "]";
    if (pick(8) == 0) out += ", recompute: true";
    if (pick(10) == 0) out += ", precision: " + precision();
    return out;
  }

  std::string step(int depth) {
    if (depth == 0 || pick(2) == 0) return "{" + module() + common() + "}";
    const std::string inner = flow(depth - 1);
    const std::string merges[] = {"add", "mean", "mul", "{concat: {dim: 1}}", "{stack: {dim: -1}}"};
    switch (pick(14)) {
      case 0:
        return "{flow: " + inner + common() + "}";
      case 1:
        return "{also: " + inner + ", merge: " + merges[pick(5)] + common() + "}";
      case 2:
        return "{split: {p: " + inner + ", q: " + flow(depth - 1) + "}, merge: " + merges[pick(5)] +
               common() + "}";
      case 3:
        return "{repeat: {times: " + std::to_string(pick(4)) + ", flow: " + inner + "}" + common() +
               "}";
      case 4:
        return "{loop: {times: " + std::to_string(pick(4)) + ", body: " + inner +
               (pick(3) == 0 ? ", trace: [" + tag() + "]" : "") + "}" + common() + "}";
      case 5:
        return "{use: " + std::string(pick(2) == 0 ? "block" : "ring") + common() + "}";
      case 6:
        return "{concat: {with: [" + tag() + ", x], dim: " + std::to_string(pick(3)) + "}}";
      case 8:
        return "{loop: {while: [" + module_step() +
               ", {linear: 1}], max: " + std::to_string(pick(4)) +
               ", per_sample: true, body: " + inner + "}" + common() + "}";
      case 9:
        return "{gate: {router: [{linear: 2}, softmax: {dim: -1}], experts: [" + inner + ", " +
               flow(depth - 1) + "], top_k: 1, balance_loss: 0.1}" + common() + "}";
      case 10:
        return "{switch: {selector: [{linear: 2}, {argmax: {dim: " + std::to_string(pick(3)) +
               "}}], branches: {p: " + inner + ", q: " + flow(depth - 1) + "}}" + common() + "}";
      case 11:
        return "{map: {" + std::string(pick(2) == 0 ? "each: true" : "slices: 2") +
               ", body: " + inner + "}" + common() + "}";
      case 12:
        return "{fork: {flow: " + inner + ", tag: " + tag() + "}" + common() + "}";
      case 7:
        return "{add: " + (pick(2) == 0 ? tag() : "x") + "}";
      default:
        return "{relu: , also: " + inner + "}";
    }
  }

  std::mt19937_64 random_;
};

// A manifest with a random flow of that depth, on an input `x` of that type; some with a state,
// which is read first and written last, or within if it so happens.
inline std::string random_model_text(std::uint64_t seed, const std::string& input, int depth) {
  std::string flow = RandomModel(seed).flow(depth);
  const bool with_state = seed % 6 == 0;
  if (with_state) flow = "[{add: a}, {flow: " + flow + "}, flatten, {linear: 8, tag: a}]";
  return "model:\n  inputs: { x: \"" + input + "\" }\n" +
         (with_state ? "  state: { a: { shape: [8], init: ones } }\n" : "") + "  flow: " + flow +
         "\nmodules: {block: {flow: [relu, {also: [tanh]}]}, ring: {flow: [use: ring]}}\n";
}

}  // namespace fdl::testing
