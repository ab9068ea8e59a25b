#include <cmath>
#include <limits>
#include <set>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/optim/clip.h"
#include "lib/optim/optimizer.h"
#include "lib/optim/schedule.h"
#include "tests/temporary_folder.h"
#include "tests/unit/engine/support.h"

namespace fdl::testing {
namespace {

using catalog::EntryKind;
using tensor::NamedTensor;

constexpr double kScheduleTolerance = 1e-9;  // of doubles that PyTorch updates step by step

std::vector<NamedTensor> leaves(const std::vector<at::Tensor>& values) {
  std::vector<NamedTensor> out;
  for (std::size_t i = 0; i < values.size(); ++i)
    out.push_back({fmt::format("p{}", i), values[i].clone().requires_grad_()});
  return out;
}

// mean((tanh(input p0) p1 - target)^2)
optim::Evaluate network(const std::vector<NamedTensor>& parameters, const at::Tensor& input,
                        const at::Tensor& target) {
  return [=]() -> Result<optim::Evaluation> {
    const std::vector<at::Tensor> weights = {parameters[0].value, parameters[1].value};
    const at::Tensor loss = input.mm(weights[0]).tanh().mv(weights[1]).sub(target).square().mean();
    return optim::Evaluation{loss.item<double>(), torch::autograd::grad({loss}, weights)};
  };
}

void check_closure(const ParityFile& file) {
  const auto parameters = leaves({file["param.0"], file["param.1"]});
  const std::string text = file.metadata.at("optimizer") + ": " + file.metadata.at("params");
  const auto optimizer = optim::make_optimizer(choose(EntryKind::Optimizer, text), parameters);
  const optim::Evaluate evaluate = network(parameters, file["input"], file["target"]);
  for (int step = 0; step < 5; ++step) {
    CAPTURE(step);
    REQUIRE(optimizer->step(*evaluate(), evaluate, {optimizer->base_lr(), {}}).has_value());
    for (std::size_t i = 0; i < 2; ++i)
      CHECK(is_close(parameters[i].value, file[fmt::format("after.{}.{}", step, i)], kParity));
  }
}

void check_optimizer(const ParityFile& file) {
  if (file.has("input")) return check_closure(file);
  const auto parameters = leaves({file["param.0"], file["param.1"]});
  const std::string text = file.metadata.at("optimizer") + ": " + file.metadata.at("params");
  const auto optimizer = optim::make_optimizer(groups_of(text, {"p0", "p1"}), parameters);
  for (int step = 0; step < 5; ++step) {
    CAPTURE(step);
    const auto stored = [&](const char* what, int i) {
      return file[fmt::format("{}.{}.{}", what, step, i)];
    };
    optimizer->update({stored("grad", 0), stored("grad", 1)}, {optimizer->base_lr(), {}});
    CHECK(is_close(parameters[0].value, stored("after", 0), kParity));
    CHECK(is_close(parameters[1].value, stored("after", 1), kParity));
  }
}

std::vector<catalog::Choice> chain(const config::Node& node) {
  std::vector<catalog::Choice> out;
  Diagnostics problems;
  const std::vector<config::Node> items = node.is_list() ? node.items : std::vector{node};
  for (const config::Node& item : items)
    out.push_back(*catalog::read_choice(EntryKind::Schedule, item, {}, problems));
  REQUIRE(problems.empty());
  return out;
}

optim::Schedule schedule(const std::string& text, double lr, std::int64_t num_steps) {
  return optim::make_schedule(chain(yaml(text)), lr, num_steps);
}

void check_schedule(const ParityFile& file) {
  const at::Tensor& lr = file["lr"];
  const auto rates =
      schedule(file.metadata.at("params"), std::stod(file.metadata.at("lr")), lr.numel());
  const double largest = lr.max().item<double>();
  for (std::int64_t t = 0; t < lr.numel(); ++t) {
    CAPTURE(t);
    CHECK(std::abs(rates(t).lr - lr[t].item<double>()) <= kScheduleTolerance * largest);
    REQUIRE(rates(t).momentum.has_value() == file.has("momentum"));
    if (!file.has("momentum")) continue;
    CHECK(std::abs(*rates(t).momentum - file["momentum"][t].item<double>()) <= kScheduleTolerance);
  }
}

// Every optimizer with its defaults, and some with state that only options bring in.
std::vector<std::string> optimizers() {
  std::vector<std::string> out = catalog::entry_names(EntryKind::Optimizer);
  for (const char* text :
       {"sgd: { lr: 0.1, weight_decay: 0.1 }", "sgd: { lr: 0.1, momentum: 0.9, dampening: 0.2 }",
        "adam: { lr: 0.1, amsgrad: true }", "rmsprop: { momentum: 0.9, centered: true }",
        "asgd: { t0: 1 }"})
    out.emplace_back(text);
  return out;
}

std::vector<at::Tensor> gradients_of(std::uint64_t step) {
  return {random_tensor({3, 5}, 100 + step), random_tensor({7}, 200 + step)};
}

}  // namespace

TEST_CASE("each optimizer updates as PyTorch does") {
  std::set<std::string> seen;
  for (const ParityFile& file : parity_files("optimizer")) {
    CAPTURE(file.name);
    seen.insert(file.metadata.at("optimizer"));
    check_optimizer(file);
  }
  const auto names = catalog::entry_names(EntryKind::Optimizer);
  CHECK(seen == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("a line search goes on from its file with the same bits") {
  const TemporaryFolder folder;
  const auto choice =
      choose(EntryKind::Optimizer,
             "lbfgs: { line_search_fn: strong_wolfe, max_iter: 3, history_size: 2 }");
  const at::Tensor input = random_tensor({8, 4}, 3), target = random_tensor({8}, 4);
  const auto straight = leaves({random_tensor({4, 3}, 1), random_tensor({3}, 2)});
  const auto first = optim::make_optimizer(choice, straight);
  const auto take = [&](optim::Optimizer& optimizer, const std::vector<NamedTensor>& parameters) {
    const optim::Evaluate evaluate = network(parameters, input, target);
    const auto here = evaluate();
    REQUIRE(optimizer.step(*here, evaluate, {1, {}}).has_value());
    return here->loss;
  };
  const double before = take(*first, straight);
  take(*first, straight);
  const auto path = folder.path() / "optimizer.safetensors";
  REQUIRE(tensor::save_tensors(path, tensor::snapshot(first->state())).has_value());
  const auto resumed = leaves({straight[0].value.detach(), straight[1].value.detach()});
  const auto second = optim::make_optimizer(choice, resumed);
  REQUIRE(second->load(path).has_value());
  for (int step = 0; step < 3; ++step) CHECK(take(*first, straight) == take(*second, resumed));
  CHECK(is_same(straight[0].value, resumed[0].value));
  CHECK(is_same(straight[1].value, resumed[1].value));
  CHECK(take(*first, straight) < 0.5 * before);
}

TEST_CASE("a line search turns back where the loss is not a number") {
  // x - log(x) is least at 1, and has no value below 0.
  const std::vector<NamedTensor> parameters = leaves({at::full({1}, 0.1)});
  const at::Tensor& x = parameters.front().value;
  const optim::Evaluate evaluate = [&]() -> Result<optim::Evaluation> {
    const at::Tensor loss = x.sub(x.log()).sum();
    return optim::Evaluation{loss.item<double>(), torch::autograd::grad({loss}, {x})};
  };
  const auto optimizer = optim::make_optimizer(
      choose(EntryKind::Optimizer, "lbfgs: { line_search_fn: strong_wolfe }"), parameters);
  for (int step = 0; step < 10; ++step)
    REQUIRE(optimizer->step(*evaluate(), evaluate, {100, {}}).has_value());
  CHECK(x.item<double>() == doctest::Approx(1).epsilon(1e-3));
}

TEST_CASE("an optimizer goes on from its file with the same bits") {
  const TemporaryFolder folder;
  for (const std::string& text : optimizers()) {
    CAPTURE(text);
    const auto choice = choose(EntryKind::Optimizer, text);
    const optim::Rates rates = {0.1, {}};
    const auto straight = leaves({random_tensor({3, 5}, 1), random_tensor({7}, 2)});
    const auto first = optim::make_optimizer(choice, straight);
    for (std::uint64_t step = 0; step < 3; ++step) first->update(gradients_of(step), rates);
    const auto path = folder.path() / "optimizer.safetensors";
    REQUIRE(tensor::save_tensors(path, tensor::snapshot(first->state())).has_value());
    const auto resumed = leaves({straight[0].value.detach(), straight[1].value.detach()});
    const auto second = optim::make_optimizer(choice, resumed);
    REQUIRE(second->load(path).has_value());
    for (std::uint64_t step = 3; step < 6; ++step) {
      first->update(gradients_of(step), rates);
      second->update(gradients_of(step), rates);
    }
    CHECK(is_same(straight[0].value, resumed[0].value));
    CHECK(is_same(straight[1].value, resumed[1].value));
  }
}

TEST_CASE("momentum that only a schedule brings in is saved too") {
  const TemporaryFolder folder;
  const auto choice = choose(EntryKind::Optimizer, "sgd: 0.1");
  const auto straight = leaves({random_tensor({3, 5}, 1), random_tensor({7}, 2)});
  const auto first = optim::make_optimizer(choice, straight);
  first->update(gradients_of(0), {0.1, 0.9});
  const auto path = folder.path() / "optimizer.safetensors";
  REQUIRE(tensor::save_tensors(path, first->state()).has_value());
  const auto resumed = leaves({straight[0].value.detach(), straight[1].value.detach()});
  const auto second = optim::make_optimizer(choice, resumed);
  REQUIRE(second->load(path).has_value());
  first->update(gradients_of(1), {0.1, 0.9});
  second->update(gradients_of(1), {0.1, 0.9});
  CHECK(is_same(straight[0].value, resumed[0].value));
}

TEST_CASE("where it may not fuse, an update has the bits of libtorch's operator") {
  const auto check = [](const std::string& name, auto update) {
    const std::vector<at::Tensor> start = {random_tensor({7, 5}, 1), random_tensor({33}, 2)};
    const auto own = leaves(start), fused = leaves(start);
    const auto plain = optim::make_optimizer(groups_of(name, {"p0", "p1"}), own, false);
    const auto fast = optim::make_optimizer(groups_of(name, {"p0", "p1"}), fused, true);
    std::vector<at::Tensor> values, means, squares, steps;
    for (const at::Tensor& one : start) {
      values.push_back(one.clone());
      means.push_back(at::zeros_like(one));
      squares.push_back(at::zeros_like(one));
      steps.push_back(at::zeros({}));
    }
    for (std::uint64_t step = 0; step < 20; ++step) {
      const std::vector<at::Tensor> gradients = {random_tensor({7, 5}, 10 + step),
                                                 random_tensor({33}, 50 + step)};
      plain->update(gradients, {0.01, {}});
      fast->update(gradients, {0.01, {}});
      for (at::Tensor& count : steps) count.add_(1);
      update(values, gradients, means, squares, steps);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(is_same(own[i].value, values[i]));
      CHECK(is_close(fused[i].value, values[i], kParity));
    }
  };
  const auto arguments = [](auto function, double decay) {
    return [=](at::TensorList values, at::TensorList gradients, at::TensorList means,
               at::TensorList squares, at::TensorList steps) {
      function(values, gradients, means, squares, {}, steps, 0.01, 0.9, 0.999, decay, 1e-8, false,
               false, {}, {});
    };
  };
  using Update =
      void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList,
               at::TensorList, double, double, double, double, double, bool, bool,
               const std::optional<at::Tensor>&, const std::optional<at::Tensor>&);
  const Update adam = at::_fused_adam_, adamw = at::_fused_adamw_;
  check("adam", arguments(adam, 0));
  check("adamw: { weight_decay: 0.01 }", arguments(adamw, 0.01));
}

TEST_CASE("a scheduled momentum takes the place of the first beta") {
  for (const char* name : {"adam", "adamw", "adamax", "nadam", "radam", "lion"}) {
    CAPTURE(name);
    const auto a = leaves({random_tensor({7}, 2)}), b = leaves({random_tensor({7}, 2)});
    const std::string text =
        std::string(name) +
        fmt::format(": {{ betas: [0.7, {}] }}", std::string(name) == "lion" ? 0.99 : 0.999);
    const auto by_schedule = optim::make_optimizer(choose(EntryKind::Optimizer, name), a);
    const auto by_manifest = optim::make_optimizer(choose(EntryKind::Optimizer, text), b);
    for (std::uint64_t step = 0; step < 2; ++step) {
      by_schedule->update({random_tensor({7}, step)}, {0.1, 0.7});
      by_manifest->update({random_tensor({7}, step)}, {0.1, {}});
    }
    CHECK(is_same(a[0].value, b[0].value));
  }
}

TEST_CASE("a parameter without a gradient keeps its value and its state") {
  for (const std::string& text : optimizers()) {
    CAPTURE(text);
    if (text == "lbfgs") continue;  // its state is that of all parameters together
    const auto choice = choose(EntryKind::Optimizer, text);
    const auto both = leaves({random_tensor({3, 5}, 1), random_tensor({7}, 2)});
    const auto alone = leaves({random_tensor({7}, 2)});
    const auto a = optim::make_optimizer(choice, both), b = optim::make_optimizer(choice, alone);
    const at::Tensor before = both[0].value.detach().clone();
    a->update({at::Tensor(), gradients_of(0)[1]}, {0.1, {}});
    b->update({gradients_of(0)[1]}, {0.1, {}});
    CHECK(is_same(both[0].value, before));
    CHECK(is_same(both[1].value, alone[0].value));
    // Its first update is still its first: only then does momentum take the gradient as it is.
    const auto late = leaves({before});
    const auto c = optim::make_optimizer(choice, late);
    a->update(gradients_of(1), {0.1, {}});
    c->update({gradients_of(1)[0]}, {0.1, {}});
    CHECK(is_same(both[0].value, late[0].value));
  }
}

TEST_CASE("gradients are bounded without waiting as they are by a number") {
  std::vector<NamedTensor> parameters;
  for (int i = 0; i < 3; ++i) parameters.push_back({std::to_string(i), at::zeros({5, 7})});
  const std::vector<std::vector<job::ClipRule>> all_rules = {
      {{{"0", "1", "2"}, 0.5, 2, {}}},
      {{{"0", "1", "2"}, 1e3, 2, {}}},
      {{{"0"}, 0.1, std::numeric_limits<double>::infinity(), {}}, {{"1", "2"}, 0.2, 2, 0.3}},
      {{{"0", "2"}, {}, 2, 0.25}}};
  for (const auto& rules : all_rules) {
    const optim::Clip clip(rules, parameters);
    std::vector<at::Tensor> waited;
    for (std::uint64_t i = 0; i < 3; ++i)
      waited.push_back(i == 1 ? at::Tensor() : random_tensor({5, 7}, i));
    std::vector<at::Tensor> given = waited;
    const std::optional<double> norm = clip.apply(waited);
    const at::Tensor found = clip.apply_on_gpu(given);
    REQUIRE(norm.has_value() == found.defined());
    if (norm) CHECK(found.item<double>() == *norm);
    for (std::size_t i = 0; i < 3; ++i) {
      REQUIRE(waited[i].defined() == given[i].defined());
      if (waited[i].defined()) CHECK(is_close(given[i], waited[i], kParity));
    }
  }
}

TEST_CASE("the strides of a gradient do not matter") {
  for (const std::string& text : optimizers()) {
    CAPTURE(text);
    const auto choice = choose(EntryKind::Optimizer, text);
    const auto a = leaves({random_tensor({4, 6}, 1)}), b = leaves({random_tensor({4, 6}, 1)});
    const at::Tensor gradient = random_tensor({4, 6}, 2);
    optim::make_optimizer(choice, a)->update({gradient}, {0.1, {}});
    optim::make_optimizer(choice, b)->update({gradient.t().contiguous().t()}, {0.1, {}});
    CHECK(is_same(a[0].value, b[0].value));
  }
}

TEST_CASE("the state of another model is refused") {
  const TemporaryFolder folder;
  const auto choice = choose(EntryKind::Optimizer, "adam");
  const auto path = folder.path() / "optimizer.safetensors";
  const auto first = optim::make_optimizer(choice, leaves({random_tensor({3}, 1)}));
  REQUIRE(tensor::save_tensors(path, first->state()).has_value());
  const auto loaded = optim::make_optimizer(choice, leaves({random_tensor({4}, 1)}))->load(path);
  REQUIRE(!loaded.has_value());
  CHECK(loaded.error().code == Code::CheckpointMismatch);
  CHECK(loaded.error().message.find("'p0.exp_avg' is F32[3] there, F32[4] here") !=
        std::string::npos);
}

TEST_CASE("each schedule gives PyTorch's rates") {
  std::set<std::string> seen = {"plateau"};  // plateau_test.cpp
  for (const ParityFile& file : parity_files("schedule")) {
    CAPTURE(file.name);
    for (const catalog::Choice& choice : chain(yaml(file.metadata.at("params"))))
      seen.insert(choice.name());
    check_schedule(file);
  }
  const auto names = catalog::entry_names(EntryKind::Schedule);
  CHECK(seen == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("a schedule that counts epochs moves once an epoch") {
  constexpr std::int64_t kStepsPerEpoch = 7, kEpochs = 20;
  for (const char* text :
       {"step: { step_size: 3, ", "multi_step: { milestones: [2, 5], ",
        "exponential: { gamma: 0.9, ", "cosine_restarts: { T_0: 4, ", "polynomial: { "}) {
    CAPTURE(text);
    const auto by_step = schedule(text + std::string("unit: steps }"), 1.0, kEpochs);
    const auto by_epoch = optim::make_schedule(chain(yaml(text + std::string("unit: epochs }"))),
                                               1.0, kEpochs * kStepsPerEpoch, kStepsPerEpoch);
    for (std::int64_t t = 0; t < kEpochs * kStepsPerEpoch; ++t)
      CHECK(by_epoch(t).lr == by_step(t / kStepsPerEpoch).lr);
  }
}

TEST_CASE("schedules at their ends") {
  CHECK(optim::make_schedule({}, 0.3, 10)(7).lr == 0.3);
  CHECK(schedule("constant: 0.5", 0.3, 10)(9).lr == 0.15);
  CHECK(schedule("linear", 0.3, 10)(10).lr == 0);
  CHECK(schedule("polynomial", 0.3, 10)(12).lr == 0);
  CHECK(schedule("inverse_sqrt", 0.3, 10)(0).lr == 0.3);
  CHECK(schedule("inverse_sqrt: 4", 0.3, 20)(12).lr == doctest::Approx(0.15));
  CHECK(schedule("cosine", 0.3, 10)(10).lr == doctest::Approx(0).epsilon(1e-12));
  CHECK(schedule("one_cycle: 0.1", 0.3, 1)(0).lr > 0);
  CHECK(std::isfinite(schedule("one_cycle: { max_lr: 0.1, pct_start: 0.5 }", 0.3, 2)(0).lr));
  // The last step of a cycle has the last rate: 0.1 / 25 / 1e4.
  CHECK(schedule("one_cycle: 0.1", 0.3, 100)(99).lr == doctest::Approx(4e-7));
}

TEST_CASE("a warm-up leads to the first rate of what follows") {
  const auto share = schedule("[{ warmup: { fraction: 0.1 } }, { constant: 0.5 }]", 1.0, 200);
  CHECK(share(0).lr == 0);
  CHECK(share(10).lr == doctest::Approx(0.25));
  CHECK(share(20).lr == 0.5);
  const auto cycle = schedule("[{ warmup: 20 }, { one_cycle: 0.1 }]", 1.0, 120);
  CHECK(cycle(10).lr == doctest::Approx(0.1 / 25 / 2));
  CHECK(cycle(10).momentum == 0.95);
  CHECK(cycle(119).lr == doctest::Approx(4e-7));
  // One that the run's end cuts off is as steep as it said.
  CHECK(schedule("[{ warmup: 500 }, cosine]", 1.0, 100)(50).lr == doctest::Approx(0.1));
}

}  // namespace fdl::testing
