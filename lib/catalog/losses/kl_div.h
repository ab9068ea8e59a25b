#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct KlDivParams {
  bool log_target = false;
  std::string reduction = "mean";
};

inline EntrySpec kl_div_spec() {
  using P = KlDivParams;
  return declare_entry<P>("kl_div",
                          "Kullback-Leibler divergence of the target from the output, which holds "
                          "logarithms of probabilities.")
      .param("log_target", &P::log_target, "The target holds logarithms too.")
      .param("reduction", &P::reduction,
             "What becomes of the values of all places; batchmean is the divergence a sample.",
             config::choices({"mean", "batchmean", "sum"}))
      .output(Values::LogProbabilities, "f32[3]")
      .target(Values::Probabilities, "f32[3]")
      .fits([](const P&, const TensorType& output, const TensorType& target) {
        return needs_equal(output, target);
      })
      .source("torch.nn.KLDivLoss");
}

}  // namespace fdl::catalog
