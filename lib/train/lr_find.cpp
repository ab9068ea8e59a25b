#include "lib/train/lr_find.h"

#include <algorithm>
#include <cmath>

#include "lib/base/files.h"
#include "lib/train/session.h"

namespace fdl::train {
namespace {

constexpr double kMemory = 0.9;      // share of the mean that a new loss leaves
constexpr double kDiverged = 4;      // times the lowest mean: nothing more to learn
constexpr std::size_t kFewest = 10;  // points, before the mean means something
constexpr double kLeastFall = 0.01;  // of the first mean, that counts as falling

// Whether the mean has fallen by more than what losses of single batches scatter around it.
bool has_fallen(const std::vector<RatePoint>& curve,
                std::vector<RatePoint>::const_iterator lowest) {
  double first = 0, scatter = 0;
  for (auto it = curve.begin(); it != curve.begin() + kFewest; ++it)
    first += it->smooth / static_cast<double>(kFewest);
  for (auto it = curve.begin(); it != lowest; ++it)
    scatter += (it->loss - it->smooth) * (it->loss - it->smooth);
  const auto num_points = static_cast<double>(std::max<std::ptrdiff_t>(1, lowest - curve.begin()));
  const double least = std::max(kLeastFall * std::abs(first), 2 * std::sqrt(scatter / num_points));
  return first - lowest->smooth > least;
}

}  // namespace

bool add_point(std::vector<RatePoint>& curve, double lr, double loss) {
  if (!std::isfinite(loss)) return false;
  double weighted = 0, weights = 0, weight = 1;
  curve.push_back({lr, loss, 0});
  for (auto it = curve.rbegin(); it != curve.rend(); ++it, weight *= kMemory) {
    weighted += weight * it->loss;
    weights += weight;
  }
  curve.back().smooth = weighted / weights;
  if (curve.size() < kFewest) return true;
  double lowest = curve.front().smooth;
  for (const RatePoint& point : curve) lowest = std::min(lowest, point.smooth);
  // Losses may be below 0: what grows is the distance to the lowest one.
  const double scale = std::max(std::abs(lowest), std::abs(curve.front().smooth - lowest));
  return curve.back().smooth - lowest <= (kDiverged - 1) * scale;
}

std::optional<FoundRate> suggest_rate(const std::vector<RatePoint>& curve) {
  if (curve.size() < kFewest) return std::nullopt;
  const auto lowest =
      std::min_element(curve.begin(), curve.end(),
                       [](const RatePoint& a, const RatePoint& b) { return a.smooth < b.smooth; });
  if (!has_fallen(curve, lowest)) return std::nullopt;
  FoundRate out{0, lowest->lr};
  double steepest = 0;
  for (auto it = curve.begin() + 1; it < lowest; ++it) {
    const double slope =
        ((it + 1)->smooth - (it - 1)->smooth) / std::log((it + 1)->lr / (it - 1)->lr);
    if (slope >= steepest) continue;
    steepest = slope;
    out.suggestion = it->lr;
  }
  return out.suggestion > 0 ? std::optional(out) : std::nullopt;
}

Result<std::vector<RatePoint>> Session::range_test(const RangeTest& test) {
  const auto num_gaps = static_cast<double>(std::max<std::int64_t>(1, test.num_steps - 1));
  const double growth = std::log(test.max_lr / test.min_lr) / num_gaps;
  const auto rate_of = [growth, lowest = test.min_lr](std::int64_t step) {
    return lowest * std::exp(growth * static_cast<double>(step));
  };
  schedule_ = [rate_of](std::int64_t step) { return optim::Rates{rate_of(step), {}}; };
  const std::int64_t num_epochs =
      test.num_steps * job_.training.accumulate / horizon_.batches_per_epoch + 1;
  data::Loader loader = train_->loader(train_loader_spec(job_, *train_, num_epochs), {0, 0});
  std::vector<RatePoint> curve;
  while (state_.step < test.num_steps && setup_.stop_signal() == 0) {
    const double lr = rate_of(state_.step);
    const Result<void> done = step(loader);
    const bool diverged = !done && (done.error().code == Code::LossNotFinite ||
                                    done.error().code == Code::ValueNotFinite);
    if (!done && !diverged) return fail(done.error());
    if (diverged || !add_point(curve, lr, last_loss_)) break;
  }
  return curve;
}

Result<monitor::Event> find_rate(const graph::Graph& graph, const job::Job& job,
                                 const std::filesystem::path& run, const RangeTest& test,
                                 const std::filesystem::path& curve_file, const EventLog& events,
                                 at::Device device) {
  TrainSetup setup;
  setup.device = device;
  setup.run = run;
  setup.stop_signal = [] { return 0; };
  auto session = Session::open(graph, job, setup, events);
  if (!session) return fail(session.error());
  const auto curve = (*session)->range_test(test);
  if (!curve) return fail(curve.error());
  std::string text = "lr,loss,smooth\n";
  for (const RatePoint& point : *curve)
    text += fmt::format("{},{},{}\n", point.lr, point.loss, point.smooth);
  FDL_TRY(write_atomic(curve_file, text));
  const auto found = suggest_rate(*curve);
  if (!found) {
    return fail(error(Code::NoRateFound, {},
                      "the loss never falls while the rate grows from {} to {}", test.min_lr,
                      test.max_lr)
                    .note("the curve is in '{}'", curve_file.string())
                    .help("try another range or more steps, or look for a mistake with `fdl run "
                          "--overfit 1`"));
  }
  monitor::Event event;
  event.kind = "lr_find";
  event.numbers = {{"suggestion", found->suggestion},
                   {"lowest_lr", found->lowest_lr},
                   {"num_steps", static_cast<double>(curve->size())}};
  return event;
}

}  // namespace fdl::train
