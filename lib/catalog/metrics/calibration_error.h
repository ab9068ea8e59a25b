#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct CalibrationErrorParams : ProbabilityParams {
  std::int64_t num_bins = 15;
  std::string norm = "l1";
};

inline EntrySpec calibration_error_spec() {
  using P = CalibrationErrorParams;
  return declare_class_metric<P>(
             "calibration_error",
             "How far the probability of the answer is from how often it is right, over bins of "
             "that probability; of a binary output, its probability and the share of ones.",
             {true, false, false})
      .param("num_bins", &P::num_bins, "Bins of equal width from 0 to 1.", config::at_least(1))
      .param("norm", &P::norm,
             "Over bins: the mean of the distances, the root of the mean of their squares, or the "
             "largest.",
             config::choices({"l1", "l2", "max"}))
      .lower_is_better()
      .source("Guo et al. 2017, arXiv:1706.04599, equation 3; torchmetrics.CalibrationError");
}

}  // namespace fdl::catalog
