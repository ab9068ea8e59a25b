// Schedules against the length of the run.
#include <algorithm>

#include "lib/catalog/schedules/multi_step.h"
#include "lib/catalog/schedules/polynomial.h"
#include "lib/catalog/schedules/step.h"
#include "lib/catalog/schedules/warmup.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

namespace schedules = catalog::schedules;

// Updates of the run, as far as is known here: a limit or a last batch left out make them fewer.
std::optional<std::int64_t> most_steps(const Training& training, std::int64_t num_samples) {
  std::optional<std::int64_t> out = training.steps;
  if (training.epochs && num_samples > 0) {
    const std::int64_t per_update = training.batch_size * training.accumulate;
    const std::int64_t by_epochs = *training.epochs * ((num_samples + per_update - 1) / per_update);
    out = std::min(out.value_or(by_epochs), by_epochs);
  }
  return out;
}

// The step from which on the schedule's last part is reached; 0 of one that has no such number.
std::int64_t last_part(const catalog::Choice& choice) {
  if (choice.name() == "warmup") return choice.as<schedules::WarmupParams>().steps;
  if (choice.name() == "step") return choice.as<schedules::StepParams>().step_size;
  if (choice.name() == "polynomial")
    return choice.as<schedules::PolynomialParams>().total_iters.value_or(0);
  if (choice.name() != "multi_step") return 0;
  const auto& milestones = choice.as<schedules::MultiStepParams>().milestones;
  return milestones.empty() ? 0 : *std::max_element(milestones.begin(), milestones.end());
}

}  // namespace

void check_schedules(const Training& training, std::int64_t num_samples, Diagnostics& problems) {
  const std::optional<std::int64_t> most = most_steps(training, num_samples);
  std::int64_t before = 0;
  for (const catalog::Choice& choice : training.schedules) {
    const auto& counts_epochs = choice.spec->counts_epochs;
    const bool is_by_epoch = counts_epochs && counts_epochs(choice.params.get());
    const std::int64_t reached = before + last_part(choice);
    const std::optional<std::int64_t> end = is_by_epoch ? training.epochs : most;
    if (last_part(choice) > 0 && end && *end > 0 && reached >= *end) {
      problems.add(warning(Code::ScheduleTooLong, choice.span,
                           "'{}' goes on until {} {}, but the run has {}", choice.name(),
                           is_by_epoch ? "epoch" : "step", reached, *end)
                       .help("shorten it, or lengthen the run; what comes later is never reached"));
    }
    if (choice.name() == "warmup") before = reached;
  }
}

}  // namespace fdl::job
