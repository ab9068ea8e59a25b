#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"
#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct CtcParams {
  std::int64_t blank = 0;
  bool zero_infinity = false;
  std::string reduction = "mean";
};

inline EntrySpec ctc_spec() {
  using P = CtcParams;
  return declare_entry<P>(
             "ctc",
             "Negative logarithm of the probability of a sequence of classes, over all "
             "ways to align it; the output holds logarithms [B, T, classes].")
      .param("blank", &P::blank, "The class that stands for none.", config::at_least(0))
      .param("zero_infinity", &P::zero_infinity,
             "Targets too long for their output count as 0, not as infinity.")
      .reduction()
      .output(Values::LogProbabilities, "f32[6, 4]")
      .target(Values::Classes, "i64[2]")
      .optional_input("input_lengths", "How much of each output counts; all unless given.",
                      Values::Lengths, "i64[]")
      .optional_input("target_lengths", "How much of each target counts; all unless given.",
                      Values::Lengths, "i64[]")
      .fits([](const P& p, const TensorTypes& types) { return ctc_fits(p.blank, types); })
      .source("Graves et al. 2006, ICML, section 4; torch.nn.CTCLoss");
}

}  // namespace fdl::catalog
