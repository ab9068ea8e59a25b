#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct LbfgsParams {
  double lr = 1;
  std::int64_t max_iter = 20;
  std::optional<std::int64_t> max_eval;
  double tolerance_grad = 1e-7;
  double tolerance_change = 1e-9;
  std::int64_t history_size = 100;
  std::optional<std::string> line_search_fn;

  std::int64_t most_evaluations() const { return max_eval.value_or(max_iter * 5 / 4); }
};

inline EntrySpec lbfgs_spec() {
  using P = LbfgsParams;
  using config::at_least, config::between;
  return declare_entry<P>("lbfgs",
                          "Limited-memory BFGS: several steps within one update, each by the "
                          "curvature that former gradients show. All parameters are one vector, so "
                          "it has no groups; best with the whole data as one batch.")
      .param("lr", &P::lr, "Share of the proposed step, or where a line search starts.",
             config::main_field, at_least(0))
      .param("max_iter", &P::max_iter, "Steps of one update.", between(1, 1'000'000))
      .param("max_eval", &P::max_eval,
             "Evaluations of one update, about; null: a quarter more than max_iter.",
             between(1, 1'000'000'000))
      .param("tolerance_grad", &P::tolerance_grad,
             "An update ends when no gradient is larger than this.", at_least(0))
      .param("tolerance_change", &P::tolerance_change,
             "An update ends when loss or parameters change by less.", at_least(0))
      .param("history_size", &P::history_size, "Former steps that are kept.", between(1, 10'000))
      .param("line_search_fn", &P::line_search_fn,
             "How the length of a step is found; null: it is lr.",
             config::choices({"strong_wolfe"}))
      .state([](const P& p) { return static_cast<int>(2 * p.history_size + 3); })
      .source("Liu and Nocedal 1989, doi:10.1007/BF01589116; torch.optim.LBFGS");
}

}  // namespace fdl::catalog
