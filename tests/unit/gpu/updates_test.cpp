#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lib/cuda/backend.h"
#include "lib/optim/optimizer.h"
#include "tests/unit/engine/support.h"
#include "tests/unit/gpu/device.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

// Every optimizer but lbfgs, on a GPU.
namespace fdl::testing {
namespace {

using tensor::NamedTensor;

constexpr double kRate = 0.01;
constexpr std::uint64_t kLate = 2;  // this parameter has no gradient in some steps

struct Row {
  const char* text;
  double tolerance;  // of what the CPU gives
};
// Products and sums in one rounding: last bits, which are more of what large numbers leave of each
// other.
constexpr double kLastBits = 3e-5;
constexpr double kSums = 3e-5;       // and norms in another order
constexpr double kLibtorchs = 2e-4;  // its kernels have a GPU's betas as f32
constexpr double kRounded = 1e-3;    // directions in bf16
constexpr Row kRows[] = {
    {"adadelta: { weight_decay: 0.1 }", kLastBits},
    {"adagrad: { lr_decay: 0.1, initial_accumulator_value: 0.1 }", kLastBits},
    {"adamax: { weight_decay: 0.1 }", kLastBits},
    {"asgd: { lambd: 0.1 }", kLastBits},
    {"asgd: { t0: 1 }", kLastBits},
    {"lion: { weight_decay: 0.1 }", kLastBits},
    {"nadam", kLastBits},
    {"nadam: { weight_decay: 0.1, decoupled_weight_decay: true, maximize: true }", kLastBits},
    {"radam: { betas: [0.9, 0.9], weight_decay: 0.1 }", kLastBits},
    {"rmsprop", kLastBits},
    {"rmsprop: { momentum: 0.9 }", kLastBits},
    {"rmsprop: { centered: true }", kLastBits},
    {"rmsprop: { momentum: 0.9, centered: true, weight_decay: 0.1 }", kLastBits},
    {"rprop", kLastBits},
    {"adam: { amsgrad: true }", kLibtorchs},
    {"adamw", kLibtorchs},
    {"adamax: { lr: 0.01, groups: [ { match: \"p1*\", lr: 0.003 } ] }", kLastBits},
    {"sgd: { lr: 0.1, momentum: 0.9 }", kLibtorchs},
    {"adafactor: { weight_decay: 0.1 }", kSums},
    {"muon", kRounded},
    {"muon: { orthogonal: false, adamw_lr: 0.1 }", kLibtorchs},
};

// More than one launch takes, some of them empty, with and without an axis, ends within four.
std::vector<std::vector<std::int64_t>> shapes() {
  std::vector<std::vector<std::int64_t>> out;
  for (std::int64_t i = 0; i < 170; ++i) out.push_back({i % 7 + 1});
  const std::vector<std::vector<std::int64_t>> more = {{},     {0},    {3, 5},   {64, 32},
                                                       {4096}, {4097}, {100'003}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

// They begin 4 bytes behind where a load of 16 would, if asked to.
at::Tensor placed(const at::Tensor& t, at::Device device, bool is_aligned) {
  if (is_aligned) return t.to(device);
  const at::Tensor out = at::empty({t.numel() + 1}, t.options().device(device));
  return out.narrow(0, 1, t.numel()).view(t.sizes()).copy_(t);
}

std::vector<at::Tensor> gradients(std::uint64_t step, at::Device device, bool is_aligned = true) {
  std::vector<at::Tensor> out;
  for (const auto& shape : shapes())
    out.push_back(placed(random_tensor(shape, 1000 * step + out.size()), device, is_aligned));
  if (step % 2 == 1) out[kLate] = at::Tensor();
  return out;
}

// A model's parameters and their optimizer.
struct Trained {
  std::vector<NamedTensor> parameters;
  std::unique_ptr<optim::Optimizer> optimizer;

  Trained(const char* text, at::Device device) {
    std::vector<std::string> names;
    for (const auto& shape : shapes()) {
      names.push_back(fmt::format("p{}", names.size()));
      parameters.push_back({names.back(), random_tensor(shape, names.size()).to(device)});
    }
    optimizer = optim::make_optimizer(groups_of(text, names), parameters);
  }

  // On the CPU, with the state.
  std::vector<NamedTensor> all() const {
    std::vector<NamedTensor> out;
    for (const auto& [name, value] : parameters) out.push_back({name, value.detach().cpu()});
    for (const auto& [name, value] : optimizer->state()) out.push_back({name, value.cpu().clone()});
    return out;
  }
};

void check_same(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(a[i].name);
    CHECK(is_same(a[i].value, b[i].value));
  }
}

}  // namespace

TEST_CASE("gpu: optimizers update as on the CPU") {
  FDL_NEEDS_GPU
  for (const Row& row : kRows) {
    CAPTURE(std::string(row.text));
    const Trained here(row.text, at::kCPU), there(row.text, *gpu());
    for (std::uint64_t step = 0; step < 6; ++step) {
      here.optimizer->update(gradients(step, at::kCPU), {kRate, {}});
      there.optimizer->update(gradients(step, *gpu(), step % 3 != 2), {kRate, {}});
    }
    const auto wanted = here.all(), found = there.all();
    REQUIRE(wanted.size() == found.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CAPTURE(wanted[i].name);
      if (wanted[i].value.numel() == 0) continue;
      CHECK(is_close(found[i].value, wanted[i].value, row.tolerance));
    }
  }
}

TEST_CASE("gpu: a recorded update has the bits of one op by op, and moves nothing when skipped") {
  FDL_NEEDS_GPU
  const auto there = at::TensorOptions(at::kFloat).device(*gpu());
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    const Trained plain(row.text, *gpu()), recorded(row.text, *gpu());
    for (std::uint64_t step = 0; step < 2; ++step) {
      for (const Trained* one : {&plain, &recorded})
        one->optimizer->update(gradients(step, *gpu()), {kRate, {}});
    }
    const optim::Optimizer::Recorded by = {at::full({}, kRate, there), at::zeros({}, there),
                                           at::ones({}, there)};
    const std::vector<at::Tensor> given = gradients(1, *gpu(), /*is_aligned=*/false);
    const auto recording = cuda::backend().make_recording();
    recording->begin();
    const bool is_recorded = recorded.optimizer->record(given, by);
    recording->end();
    REQUIRE(is_recorded);
    const auto replay = [&](std::uint64_t step) {
      const std::vector<at::Tensor> now = gradients(step, *gpu());
      for (std::size_t i = 0; i < given.size(); ++i) {
        if (given[i].defined()) given[i].copy_(now[i]);
      }
      recording->replay();
      recorded.optimizer->count_recorded();
      plain.optimizer->update(now, {kRate, {}});
      check_same(recorded.all(), plain.all());
    };
    replay(3);
    replay(5);
    const auto before = recorded.all();
    by.skips.fill_(1);
    by.counts.fill_(0);
    for (const at::Tensor& gradient : given) {
      if (gradient.defined()) gradient.fill_(std::nan(""));
    }
    recording->replay();
    check_same(recorded.all(), before);
    by.skips.fill_(0);
    by.counts.fill_(1);
    replay(7);
  }
}

}  // namespace fdl::testing
