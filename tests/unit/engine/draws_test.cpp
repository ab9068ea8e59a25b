#include <doctest/doctest.h>

#include "tests/unit/engine/support.h"

// What every module with random draws promises, those that nobody has written yet included.
namespace fdl::testing {
namespace {

nn::Outputs run(const Example& example, const nn::StepContext& given) {
  std::vector<std::string> names;
  std::vector<at::Tensor> values;
  for (const auto& [name, shape] : example.module.owned()) {
    names.push_back(name);
    values.push_back(random_tensor(shape, 50 + values.size(), at::kDouble));
  }
  nn::StepContext context = given;
  return nn::find_forward(example.module.spec->name())(example.module.params.get(), {names, values},
                                                       example.inputs, context);
}

nn::StepContext training(std::uint64_t seed = 42) {
  nn::StepContext context;
  context.training = true;
  context.seed = seed;
  context.node_path = "node";
  return context;
}

bool is_same(const nn::Outputs& a, const nn::Outputs& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!testing::is_same(a[i], b[i])) return false;
  }
  return a.size() == b.size();
}

// Both without the samples before `first`.
Example from_row(Example example, std::int64_t first) {
  for (at::Tensor& input : example.inputs) {
    if (input.defined()) input = input.slice(0, first);
  }
  return example;
}

template <typename Check>
void for_each_that_draws(Check check) {
  int count = 0;
  for (const std::string& name : catalog::module_names()) {
    if (!catalog::find_module(name)->draws) continue;
    CAPTURE(name);
    ++count;
    check(example_of(name));
  }
  CHECK(count > 5);
}

}  // namespace

TEST_CASE("one key gives one result, and another seed another") {
  for_each_that_draws([](const Example& example) {
    const nn::Outputs base = run(example, training());
    CHECK(is_same(run(example, training()), base));
    bool differs = false;  // by chance a seed may draw the same of so few
    for (std::uint64_t seed = 0; seed < 40; ++seed)
      differs = differs || !is_same(run(example, training(seed)), base);
    CHECK(differs);
  });
}

TEST_CASE("a sample's draws do not depend on the batch around it") {
  for_each_that_draws([](const Example& example) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      nn::Outputs expected = run(example, training(seed));
      for (at::Tensor& output : expected) output = output.slice(0, 1);
      nn::StepContext second = training(seed);
      second.first_row = 1;
      const nn::Outputs found = run(from_row(example, 1), second);
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(is_close(found[i], expected[i], 1e-12));
    }
  });
}

}  // namespace fdl::testing
