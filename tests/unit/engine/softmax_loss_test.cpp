#include "lib/nn/softmax_loss.h"

#include <cmath>

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "lib/exec/executor.h"
#include "tests/unit/engine/support.h"

// Cross entropy in one step is libtorch's.
namespace fdl::testing {
namespace {

struct Found {
  at::Tensor value, gradient;
};

// Of twice the loss: its own gradient does not come in as 1.
Found found_of(const at::Tensor& scores, const at::Tensor& loss) {
  const auto gradients = exec::gradients(loss * 2, {{"scores", scores}});
  REQUIRE(gradients.has_value());
  return {loss.detach(), gradients->front()};
}

}  // namespace

TEST_CASE("cross entropy in one step: value and gradient, over sizes and parameters") {
  for (const std::int64_t rows : {1, 3, 70, 700}) {
    for (const std::int64_t classes : {1, 2, 10, 32, 33, 1000}) {
      for (const double smoothing : {0.0, 0.1}) {
        for (const bool is_mean : {true, false}) {
          CAPTURE(rows);
          CAPTURE(classes);
          const at::Tensor scores =
              (random_tensor({rows, classes}, 3) * 4).detach().requires_grad_();
          at::Tensor truth = at::arange(rows).remainder(classes);
          const std::int64_t ignored = rows >= 70 ? 1 : -100;
          REQUIRE(nn::takes_softmax_loss(scores, truth));
          const nn::SoftmaxLoss made = nn::softmax_loss(scores, truth, ignored, smoothing, is_mean);
          const at::Tensor expected = at::cross_entropy_loss(
              scores, truth, {}, is_mean ? at::Reduction::Mean : at::Reduction::Sum, ignored,
              smoothing);
          CHECK(made.num_targets == truth.ne(ignored).sum().item<std::int64_t>());
          if (made.num_targets == 0) continue;
          const Found a = found_of(scores, made.value), b = found_of(scores, expected);
          CHECK(is_close(a.value, b.value, 1e-5));
          if (classes > 1)
            CHECK(is_close(a.gradient, b.gradient, 1e-5));
          else  // 0, but for what is rounded away
            CHECK(a.gradient.abs().max().item<double>() < 1e-6);
        }
      }
    }
  }
}

TEST_CASE("cross entropy in one step: of no target, of none that is a number, of no class") {
  const at::Tensor scores = random_tensor({4, 3}, 3);
  const at::Tensor none = at::full({4}, -100, at::kLong);
  CHECK(std::isnan(nn::softmax_loss(scores, none, -100, 0, true).value.item<double>()));
  CHECK(nn::softmax_loss(scores, none, -100, 0, false).value.item<double>() == 0);
  const at::Tensor bad = scores.index_fill(0, at::zeros({1}, at::kLong), std::nan(""));
  const at::Tensor zeros = at::zeros({4}, at::kLong);
  CHECK(std::isnan(nn::softmax_loss(bad, zeros, -100, 0, true).value.item<double>()));
  CHECK_THROWS_WITH_AS(nn::softmax_loss(scores, zeros + 3, -100, 0, true),
                       doctest::Contains("Target 3 is out of bounds"), c10::IndexError);
  CHECK_THROWS_AS(nn::softmax_loss(scores, zeros - 1, -100, 0, true), c10::IndexError);
}

TEST_CASE("cross entropy in one step: huge scores do not overflow") {
  const at::Tensor scores = at::zeros({2, 3}).fill_(1e4).requires_grad_();
  const nn::SoftmaxLoss made = nn::softmax_loss(scores, at::zeros({2}, at::kLong), -100, 0, true);
  CHECK(made.value.item<double>() == doctest::Approx(std::log(3.0)));
}

}  // namespace fdl::testing
