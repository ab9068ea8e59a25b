#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct PlateauParams {
  std::string metric = "val/loss";
  std::string mode;
  double factor = 0.1;
  std::int64_t patience = 10;
  double threshold = 1e-4;
  std::string threshold_mode = "rel";
  std::int64_t cooldown = 0;
  double min_lr = 0;
  double eps = 1e-8;
  std::string trend;
  std::int64_t window = 5;
  double tolerance = 1e-4;
};

inline EntrySpec plateau_spec() {
  using P = PlateauParams;
  return declare_entry<P>("plateau",
                          "The learning rate times factor whenever a metric has not improved for "
                          "some time; it is looked at each time that it is measured.")
      .param("metric", &P::metric, "What should improve.", config::main_field)
      .param("mode", &P::mode, "Which way is better; the metric's own unless given.",
             config::choices({"min", "max"}))
      .param("factor", &P::factor, "What the learning rate is multiplied by.",
             config::at_least_and_below(0, 1))
      .param("patience", &P::patience, "How many times it may fail to improve.",
             config::at_least(0))
      .param("threshold", &P::threshold, "How much better counts.", config::at_least(0))
      .param("threshold_mode", &P::threshold_mode,
             "Whether that is a share of the best or as it is.", config::choices({"rel", "abs"}))
      .param("cooldown", &P::cooldown, "How many times it is not looked at after a fall.",
             config::at_least(0))
      .param("min_lr", &P::min_lr, "The least learning rate.", config::at_least(0))
      .param("eps", &P::eps, "A fall by less than this is left out.", config::at_least(0))
      .param("trend", &P::trend,
             "Falls when the metric's last measurements are level, `stalled`, or stay where they "
             "are, `converged`, instead of by `patience`.",
             config::choices({"stalled", "converged"}))
      .param("window", &P::window, "Of the trend: how many measurements.", config::at_least(2))
      .param("tolerance", &P::tolerance,
             "Of the trend: the slope of the line through them is less, or their variance.",
             config::above(0))
      .source("torch.optim.lr_scheduler.ReduceLROnPlateau");
}

}  // namespace fdl::catalog::schedules
