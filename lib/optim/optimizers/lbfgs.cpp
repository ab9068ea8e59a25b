#include "lib/catalog/optimizers/lbfgs.h"

#include <cmath>
#include <deque>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include "lib/optim/declarations.h"
#include "lib/optim/line_search.h"

namespace fdl::optim {
namespace {

using tensor::NamedTensor;

double number(const at::Tensor& t) { return t.item<double>(); }

// A former step, the change of the gradient over it, and 1 / their product.
struct Memory {
  at::Tensor step, change, ro;
};

// PyTorch's algorithm, in its order of operations, over all parameters as one vector of their
// dtype.
class Lbfgs final : public Optimizer {
 public:
  Lbfgs(const catalog::LbfgsParams& params, const std::vector<NamedTensor>& parameters)
      : params_(params), parameters_(parameters) {
    const at::NoGradGuard no_grad;
    direction_ = at::zeros({flat_size()}, options());
    former_gradient_ = at::zeros({flat_size()}, options());
    scale_ = at::full({}, 1, options());
    length_ = at::zeros({}, at::kDouble);
    num_steps_ = at::zeros({}, at::kLong);
  }

  double base_lr() const override { return params_.lr; }

  // Without a second look: a single step of length lr.
  void update(const std::vector<at::Tensor>& gradients, const Rates& rates) override {
    const at::NoGradGuard no_grad;
    const at::Tensor gradient = flat(gradients);
    if (is_small(gradient)) return;
    propose(gradient);
    const double length = first_length(gradient, rates.lr);
    if (slope_of(gradient) <= -params_.tolerance_change) move(length);
  }

  Result<void> step(const Evaluation& here, const Evaluate& again, const Rates& rates) override {
    const at::NoGradGuard no_grad;
    Point at = {0, here.loss, flat(here.gradients), 0};
    std::int64_t num_evaluations = 1;
    if (is_small(at.gradient)) return {};
    for (std::int64_t turn = 1; turn <= params_.max_iter; ++turn) {
      propose(at.gradient);
      const double length = first_length(at.gradient, rates.lr), loss = at.loss;
      at.length = 0;
      at.slope = slope_of(at.gradient);
      if (at.slope > -params_.tolerance_change) break;
      const bool is_last = turn == params_.max_iter;
      Result<Found> found = params_.line_search_fn ? search(again, at, length)
                                                   : plain_step(again, at, length, is_last);
      if (!found) return fail(found.error());
      at = std::move(found->point);
      num_evaluations += found->num_evaluations;
      const bool ends = is_last || num_evaluations >= params_.most_evaluations() ||
                        is_small(at.gradient) || largest_move() <= params_.tolerance_change ||
                        std::abs(at.loss - loss) < params_.tolerance_change;
      if (ends) break;
    }
    return {};
  }

  // Of the whole vector; the memories as many as there are.
  std::vector<NamedTensor> state() const override {
    std::vector<NamedTensor> out = {{"lbfgs.direction", direction_},
                                    {"lbfgs.gradient", former_gradient_},
                                    {"lbfgs.length", length_},
                                    {"lbfgs.num_steps", num_steps_},
                                    {"lbfgs.scale", scale_}};
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      out.push_back({fmt::format("lbfgs.{}.step", i), memory_[i].step});
      out.push_back({fmt::format("lbfgs.{}.change", i), memory_[i].change});
      out.push_back({fmt::format("lbfgs.{}.ro", i), memory_[i].ro});
    }
    return out;
  }

  void expect(const std::vector<std::string>& names) override {
    memory_.clear();
    for (const std::string& name : names) {
      if (!name.starts_with("lbfgs.") || !name.ends_with(".ro")) continue;
      if (static_cast<std::int64_t>(memory_.size()) == params_.history_size) break;
      memory_.push_back({at::zeros({flat_size()}, options()), at::zeros({flat_size()}, options()),
                         at::zeros({}, options())});
    }
  }

 private:
  at::TensorOptions options() const {
    return parameters_.empty() ? at::TensorOptions(at::kFloat)
                               : parameters_.front().value.options().requires_grad(false);
  }
  std::int64_t flat_size() const {
    std::int64_t out = 0;
    for (const NamedTensor& parameter : parameters_) out += parameter.value.numel();
    return out;
  }

  at::Tensor flat(const std::vector<at::Tensor>& gradients) const {
    std::vector<at::Tensor> parts;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      parts.push_back(gradients[i].defined()
                          ? gradients[i].reshape({-1})
                          : at::zeros({parameters_[i].value.numel()}, options()));
    }
    return at::cat(parts);
  }

  bool is_small(const at::Tensor& gradient) const {
    return number(gradient.abs().max()) <= params_.tolerance_grad;
  }
  double slope_of(const at::Tensor& gradient) const { return number(gradient.dot(direction_)); }
  double largest_move() const { return number(direction_.mul(number(length_)).abs().max()); }

  // The next direction, by the gradient here and at the step before.
  void propose(const at::Tensor& gradient) {
    if (num_steps_.item<std::int64_t>() == 0) {
      direction_.copy_(gradient.neg());
    } else {
      remember(gradient);
      direction_.copy_(by_memory(gradient));
    }
    num_steps_.add_(1);
    former_gradient_.copy_(gradient);
  }

  void remember(const at::Tensor& gradient) {
    constexpr double kLeastCurvature = 1e-10;
    const at::Tensor change = gradient.sub(former_gradient_),
                     step = direction_.mul(number(length_)), product = change.dot(step);
    if (!(number(product) > kLeastCurvature)) return;
    if (static_cast<std::int64_t>(memory_.size()) == params_.history_size) memory_.pop_front();
    memory_.push_back({step, change, product.reciprocal()});
    scale_.copy_(product.div(change.dot(change)));
  }

  // Two loops over the memories: Nocedal and Wright 2006, algorithm 7.4.
  at::Tensor by_memory(const at::Tensor& gradient) const {
    at::Tensor q = gradient.neg();
    std::vector<at::Tensor> shares(memory_.size());
    for (std::size_t i = memory_.size(); i-- > 0;) {
      shares[i] = memory_[i].step.dot(q).mul(memory_[i].ro);
      q.add_(memory_[i].change, -number(shares[i]));
    }
    at::Tensor out = q.mul(scale_);
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const at::Tensor back = memory_[i].change.dot(out).mul(memory_[i].ro);
      out.add_(memory_[i].step, number(shares[i].sub(back)));
    }
    return out;
  }

  // The very first step must not be longer than lr, by the sum of its numbers.
  double first_length(const at::Tensor& gradient, double lr) {
    const bool is_first = num_steps_.item<std::int64_t>() == 1;
    const double length =
        is_first ? std::min(1.0, number(gradient.abs().sum().reciprocal())) * lr : lr;
    length_.fill_(length);
    return length;
  }

  void move(double length) {
    std::int64_t offset = 0;
    for (const NamedTensor& parameter : parameters_) {
      const at::Tensor part = direction_.narrow(0, offset, parameter.value.numel());
      parameter.value.add_(part.view_as(parameter.value), length);
      offset += parameter.value.numel();
    }
  }

  static Result<Point> point_at(const Evaluate& again, double length, const Lbfgs& self) {
    const at::AutoGradMode records(true);
    Result<Evaluation> made = again();
    if (!made) return fail(made.error());
    const at::NoGradGuard no_grad;
    Point out = {length, made->loss, self.flat(made->gradients), 0};
    out.slope = self.slope_of(out.gradient);
    return out;
  }

  // The last step of an update is not evaluated: the next update does that.
  Result<Found> plain_step(const Evaluate& again, const Point& from, double length, bool is_last) {
    move(length);
    if (is_last) return Found{from, 0};
    Result<Point> point = point_at(again, length, *this);
    if (!point) return fail(point.error());
    return Found{*std::move(point), 1};
  }

  Result<Found> search(const Evaluate& again, const Point& from, double length) {
    std::vector<at::Tensor> start;
    for (const NamedTensor& parameter : parameters_) start.push_back(parameter.value.clone());
    const auto go_back = [&] {
      for (std::size_t i = 0; i < start.size(); ++i) parameters_[i].value.copy_(start[i]);
    };
    const auto evaluate = [&](double there) {
      move(there);
      Result<Point> point = point_at(again, there, *this);
      go_back();
      return point;
    };
    const LineSearch line = {evaluate, number(direction_.abs().max()), params_.tolerance_change};
    Result<Found> found = strong_wolfe(line, from, length);
    if (!found) return fail(found.error());
    length_.fill_(found->point.length);
    move(found->point.length);
    return found;
  }

  catalog::LbfgsParams params_;
  std::vector<NamedTensor> parameters_;
  at::Tensor direction_, former_gradient_;
  at::Tensor scale_;      // of the first guess of the inverse curvature
  at::Tensor length_;     // of the last step, in directions
  at::Tensor num_steps_;  // of all updates
  std::deque<Memory> memory_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_lbfgs(const catalog::Choice& choice,
                                           const std::vector<NamedTensor>& parameters) {
  return std::make_unique<Lbfgs>(choice.as<catalog::LbfgsParams>(), parameters);
}

}  // namespace fdl::optim
