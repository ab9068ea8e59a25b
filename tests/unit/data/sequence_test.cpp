#include "lib/data/transforms/sequence.h"

#include <map>
#include <numeric>

#include <doctest/doctest.h>

#include "lib/data/loader.h"
#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

using Tokens = std::vector<std::int64_t>;

testing::CheckedJob token_job(const std::string& source, const std::string& tokens,
                              const std::string& target) {
  return testing::check_job(
      "model: { inputs: { tokens: \"i64[T<=64]\" }, flow: [{ embedding: { num: 60, dim: 4 } }, { "
      "linear: 60 }] }\ndata: { train: { synthetic: { kind: tokens, vocab: 50, samples: 200, " +
      source + " } }, transforms: { all: { tokens: [" + tokens + "], target: [" + target +
      "] } } }\ntraining: { epochs: 1, loss: cross_entropy, optimizer: adam }\n");
}

// The first field and the target of an epoch, one sample behind the other.
std::array<Tokens, 2> drain(const testing::CheckedJob& checked, std::int64_t workers,
                            std::uint64_t seed = 1) {
  LoaderSpec spec;
  spec.batch_size = 1;
  spec.workers = workers;
  spec.seed = seed;
  std::array<Tokens, 2> out;
  for (const Batch& batch : testing::all_batches(checked, "train", spec)) {
    for (std::size_t i = 0; i < 2; ++i) {
      const auto* numbers = batch.fields[i].const_data_ptr<std::int64_t>();
      out[i].insert(out[i].end(), numbers, numbers + batch.fields[i].numel());
    }
  }
  return out;
}

const std::string kMask = "{ mask_tokens: { mask: 50, vocab: 51, never: [0, 1]";

}  // namespace

TEST_CASE("masked tokens: the shares are those asked for, and labels say what was there") {
  const auto plain = drain(token_job("length: 40, target: tokens", "", ""), 0);
  const auto checked =
      token_job("length: 40, target: tokens", kMask + " } }", kMask + ", labels: true } }");
  const auto masked = drain(checked, 0);
  REQUIRE(masked[0].size() == plain[0].size());
  double num_may = 0, num_chosen = 0, num_masks = 0, num_kept = 0;
  for (std::size_t i = 0; i < plain[0].size(); ++i) {
    const std::int64_t token = plain[0][i], seen = masked[0][i], label = masked[1][i];
    const bool may = token > 1;
    num_may += may;
    if (label == -100) {
      CHECK(seen == token);
      continue;
    }
    CHECK(may);
    CHECK(label == token);
    CHECK(seen >= 0);
    CHECK(seen <= 50);
    ++num_chosen;
    num_masks += seen == 50;
    num_kept += seen == token;
  }
  // 8,000 tokens, 1,200 chosen: five standard deviations are below 0.02, and 0.06 of the chosen.
  CHECK(num_chosen / num_may == doctest::Approx(0.15).epsilon(0.14));
  CHECK(num_masks / num_chosen == doctest::Approx(0.8).epsilon(0.08));
  CHECK(num_kept / num_chosen == doctest::Approx(0.102).epsilon(0.45));
  for (const std::int64_t workers : {1, 4}) CHECK(drain(checked, workers) == masked);
  CHECK(drain(checked, 0, 2) != masked);
}

TEST_CASE("a window is a part of each sequence, the same one of two fields") {
  const auto plain = drain(token_job("length: 40, target: tokens", "", ""), 0);
  const auto checked = token_job("length: 40, target: tokens", "{ window: 9 }", "{ window: 9 }");
  const auto cut = drain(checked, 0);
  REQUIRE(cut[0].size() == 200 * 9);
  CHECK(cut[0] == cut[1]);
  std::map<std::ptrdiff_t, int> starts;
  for (std::size_t k = 0; k < 200; ++k) {
    const auto begin = plain[0].begin() + static_cast<std::ptrdiff_t>(k * 40);
    const auto part = cut[0].begin() + static_cast<std::ptrdiff_t>(k * 9);
    const auto at = std::search(begin, begin + 40, part, part + 9);
    REQUIRE(at != begin + 40);
    ++starts[at - begin];
  }
  CHECK(starts.size() > 20);
  for (const std::int64_t workers : {1, 4}) CHECK(drain(checked, workers) == cut);
  const auto first =
      drain(token_job("length: 40, target: tokens", "{ window: { size: 9, at: start } }",
                      "{ window: { size: 9, at: start } }"),
            0);
  CHECK(std::equal(first[0].begin(), first[0].begin() + 9, plain[0].begin()));
}

TEST_CASE("windows of sequences that differ in length leave shorter ones alone") {
  const auto checked = token_job("lengths: [3, 20], target: \"i64[T]\", classes: 5",
                                 "{ window: 8 }", "{ window: 8 }");
  LoaderSpec spec;
  spec.batch_size = 16;
  std::int64_t shortest = 100, longest = 0;
  for (const Batch& batch : testing::all_batches(checked, "train", spec)) {
    CHECK(batch.fields[0].sizes() == batch.fields[1].sizes());
    const at::Tensor lengths = batch.fields[2].sum(1);
    CHECK(batch.fields[0].size(1) == lengths.max().item<std::int64_t>());
    shortest = std::min(shortest, lengths.min().item<std::int64_t>());
    longest = std::max(longest, lengths.max().item<std::int64_t>());
  }
  CHECK(shortest == 3);
  CHECK(longest == 8);
}

}  // namespace fdl::data
