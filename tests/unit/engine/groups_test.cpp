#include <doctest/doctest.h>

#include "lib/catalog/optimizers/adamw.h"
#include "lib/optim/optimizer.h"
#include "tests/temporary_folder.h"
#include "tests/unit/engine/support.h"

// Parameters of one optimizer with other values for some.
namespace fdl::testing {
namespace {

using Paths = std::vector<std::string>;

const Paths kPaths = {"encoder.linear_0.weight", "encoder.linear_0.bias",
                      "encoder.LayerNorm.weight", "encoder.LayerNorm.bias", "head.weight"};

const catalog::AdamWParams& values(const job::ParameterGroup& group) {
  return group.optimizer.as<catalog::AdamWParams>();
}

std::vector<tensor::NamedTensor> leaves(const Paths& paths, std::uint64_t seed) {
  std::vector<tensor::NamedTensor> out;
  for (const std::string& path : paths)
    out.push_back({path, random_tensor({3, 4}, seed++).requires_grad_()});
  return out;
}

std::vector<at::Tensor> gradients(std::size_t count, std::uint64_t seed) {
  std::vector<at::Tensor> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(random_tensor({3, 4}, seed + i));
  return out;
}

// What a lone parameter becomes after one update at that rate.
at::Tensor alone(const std::string& optimizer, const tensor::NamedTensor& parameter,
                 const at::Tensor& gradient, double lr) {
  const std::vector<tensor::NamedTensor> own = {
      {parameter.name, parameter.value.detach().clone().requires_grad_()}};
  optim::make_optimizer(choose(catalog::EntryKind::Optimizer, optimizer), own)
      ->update({gradient}, {lr, {}});
  return own[0].value;
}

// All but those that update all parameters as one vector.
std::vector<std::string> optimizers_with_groups() {
  std::vector<std::string> out;
  for (std::string& name : catalog::entry_names(catalog::EntryKind::Optimizer)) {
    if (catalog::find_entry(catalog::EntryKind::Optimizer, name)->groups)
      out.push_back(std::move(name));
  }
  return out;
}

}  // namespace

TEST_CASE("without groups there is one, with every parameter") {
  const auto groups = groups_of("adamw", kPaths);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].paths == kPaths);
}

TEST_CASE("later groups win, key by key") {
  const auto groups = groups_of(
      "adamw: { lr: 0.1, groups: [ { match: \"*.bias|*.LayerNorm\", weight_decay: 0, lr: 0.2 }, "
      "{ match: encoder.**.bias, lr: 0.3 } ] }",
      kPaths);
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].paths == Paths{"encoder.linear_0.weight", "head.weight"});
  CHECK(values(groups[0]).lr == 0.1);
  CHECK(values(groups[0]).weight_decay == 0.01);
  CHECK(groups[1].paths == Paths{"encoder.linear_0.bias", "encoder.LayerNorm.bias"});
  CHECK(values(groups[1]).lr == 0.3);
  CHECK(values(groups[1]).weight_decay == 0);
  CHECK(groups[2].paths == Paths{"encoder.LayerNorm.weight"});
  CHECK(values(groups[2]).lr == 0.2);
  CHECK(values(groups[2]).weight_decay == 0);
}

TEST_CASE("a schedule keeps the ratios of the groups") {
  for (const std::string& name : optimizers_with_groups()) {
    CAPTURE(name);
    const auto parameters = leaves({"a", "b"}, 1), before = tensor::snapshot(parameters);
    const auto steps = gradients(2, 10);
    const auto optimizer = optim::make_optimizer(
        groups_of(name + ": { lr: 0.1, groups: [ { match: b, lr: 0.025 } ] }", {"a", "b"}),
        parameters);
    CHECK(optimizer->base_lr() == 0.1);
    optimizer->update(steps, {0.04, {}});
    const std::string lone = name + ": { lr: 0.1 }";
    CHECK(is_same(parameters[0].value, alone(lone, before[0], steps[0], 0.04)));
    CHECK(is_close(parameters[1].value, alone(lone, before[1], steps[1], 0.01), kParity));
  }
}

TEST_CASE("where the optimizer's own rate is 0, a group's takes its place") {
  const auto parameters = leaves({"a", "b"}, 1), before = tensor::snapshot(parameters);
  const auto optimizer = optim::make_optimizer(
      groups_of("sgd: { lr: 0, groups: [ { match: b, lr: 0.5 } ] }", {"a", "b"}), parameters);
  CHECK(optimizer->base_lr() == 0.5);
  optimizer->update(gradients(2, 10), {0.5, {}});
  CHECK(is_same(parameters[0].value, before[0].value));
  CHECK(!is_same(parameters[1].value, before[1].value));
}

TEST_CASE("groups go on from one file with the same bits") {
  const TemporaryFolder folder;
  for (const std::string& name : optimizers_with_groups()) {
    CAPTURE(name);
    const auto groups = groups_of(name + ": { groups: [ { match: b, lr: 0.025 } ] }", {"a", "b"});
    const auto straight = leaves({"a", "b"}, 1);
    const auto first = optim::make_optimizer(groups, straight);
    // The first group's momentum is a schedule's alone where it is sgd.
    first->update(gradients(2, 10), {0.1, 0.9});
    const auto path = folder.path() / "optimizer.safetensors";
    REQUIRE(tensor::save_tensors(path, tensor::snapshot(first->state())).has_value());
    auto resumed = tensor::snapshot(straight);
    for (auto& t : resumed) t.value.requires_grad_();
    const auto second = optim::make_optimizer(groups, resumed);
    REQUIRE(second->load(path).has_value());
    for (std::uint64_t step = 0; step < 2; ++step) {
      first->update(gradients(2, 20 + step), {0.1, 0.9});
      second->update(gradients(2, 20 + step), {0.1, 0.9});
    }
    for (std::size_t i = 0; i < resumed.size(); ++i)
      CHECK(is_same(straight[i].value, resumed[i].value));
  }
}

TEST_CASE("muon leaves the rest, and what a group takes out, to adamw") {
  const auto parameters = leaves({"a", "b"}, 1), before = tensor::snapshot(parameters);
  const auto steps = gradients(2, 10);
  const auto optimizer = optim::make_optimizer(
      groups_of("muon: { lr: 0.1, adamw_lr: 0.01, groups: [ { match: b, orthogonal: false } ] }",
                {"a", "b"}),
      parameters);
  optimizer->update(steps, {0.1, {}});
  CHECK(is_close(parameters[1].value,
                 alone("adamw: { lr: 0.01, weight_decay: 0.1 }", before[1], steps[1], 0.01),
                 kParity));
  const at::Tensor way = parameters[0].value.detach().sub(before[0].value.mul(1 - 0.1 * 0.1));
  // Near orthogonal: every singular value near lr, where the polynomial leaves 0.7 to 1.2 of it.
  const at::Tensor gram = way.mm(way.t()).div(0.01);
  CHECK(gram.diagonal().sum().item<double>() / 3 == doctest::Approx(0.9).epsilon(0.4));
  CHECK(!optimizer->state().empty());
}

}  // namespace fdl::testing
