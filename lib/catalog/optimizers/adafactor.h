#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct AdafactorParams {
  double lr = 1e-2;
  double beta2_decay = -0.8;
  std::array<std::optional<double>, 2> eps = {std::nullopt, 1e-3};
  double d = 1;
  double weight_decay = 0;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec adafactor_spec() {
  using P = AdafactorParams;
  return declare_entry<P>(
             "adafactor",
             "Steps scaled by mean squares of which a matrix keeps only rows and columns.")
      .param("lr", &P::lr, "Largest size of a step, relative to the parameter.", config::main_field,
             config::at_least(0))
      .param("beta2_decay", &P::beta2_decay,
             "Power of the step with which the mean square forgets.", config::between(-100, 0))
      .param("eps", &P::eps,
             "Least root of a mean square (null: the least difference of f32 from 1), and least "
             "size of a parameter.",
             config::at_least(0))
      .param("d", &P::d, "Size of an update above which it is scaled down.", config::at_least(1))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, apart from the gradient.",
             config::at_least(0))
      .maximize()
      .groups()
      .state([](const P&) { return 0; })
      .source(
          "Shazeer and Stern 2018, arXiv:1804.04235, algorithms 4 and 5; torch.optim.Adafactor");
}

}  // namespace fdl::catalog
