#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct MaskTokensParams {
  std::int64_t mask = 0;
  std::int64_t vocab = 0;
  double p = 0.15;
  double random = 0.1;
  double keep = 0.1;
  std::vector<std::int64_t> never;
  bool labels = false;
};

inline EntrySpec mask_tokens_spec() {
  using config::at_least;
  using config::between;
  using P = MaskTokensParams;
  return declare_entry<P>(
             "mask_tokens",
             "Choose some tokens for the model to find: most become the mask, some another token, "
             "some stay. At the same place of the target's list, with `labels: true`, it keeps "
             "the chosen ones and makes the others -100, which losses leave out.")
      .param("mask", &P::mask, "The number of the mask.", config::required, at_least(0))
      .param("vocab", &P::vocab, "How many tokens there are.", config::required, at_least(1))
      .param("p", &P::p, "How often a token is chosen.", between(0, 1))
      .param("random", &P::random, "How many of the chosen become any token.", between(0, 1))
      .param("keep", &P::keep, "How many of the chosen stay as they are.", between(0, 1))
      .param("never", &P::never, "Numbers of tokens that are not chosen, such as those of padding.")
      .param("labels", &P::labels, "This is the field that says what was there.")
      .changes([](const P& p, const TensorType& sample) -> ChangedType {
        if (sample.dtype != DType::I64 || sample.shape.empty())
          return tl::unexpected(std::string("it takes tokens, i64[...]"));
        if (p.random + p.keep > 1)
          return tl::unexpected(std::string("`random` and `keep` are more than 1 together"));
        if (p.mask >= p.vocab)
          return tl::unexpected(std::string("`mask` is no token: `vocab` is not above it"));
        return sample;
      })
      .draws()
      .source("Devlin et al. 2018, arXiv:1810.04805, section 3.1");
}

}  // namespace fdl::catalog
