#include <doctest/doctest.h>

#include "lib/config/merge.h"
#include "lib/config/show.h"
#include "tests/unit/job/job_text.h"

// Parts of the data: sets by name, folds, limits, samplers and what mixes batches.
namespace fdl::job {
namespace {

using testing::check_text;
using testing::codes;
using testing::kModel;
using testing::kTraining;
using Codes = std::vector<std::string>;

const std::string kMade = "synthetic: {kind: classification, samples: 100}";

testing::CheckedText checked(const std::string& data, const std::string& training = kTraining) {
  return check_text(kModel + "data: {" + data + "}\n" + training);
}

std::vector<std::string> split_names(const Job& job) {
  std::vector<std::string> out;
  for (const DataSplit& split : job.splits) out.push_back(split.name);
  return out;
}

// What a split selects of its hundred samples, as "0-20 40-100".
std::string places(const Job& job, const std::string& split) {
  const auto ranges = select_places(*job.find_split(split), 100);
  REQUIRE(ranges.has_value());
  std::string out;
  for (const SampleRange& range : *ranges)
    out += (out.empty() ? "" : " ") + std::to_string(range.begin) + "-" + std::to_string(range.end);
  return out;
}

std::string fold_of(const std::string& k, const std::string& index, const std::string& more = "") {
  return "{" + kMade + ", fold: {k: " + k + ", index: " + index + "}" + more + "}";
}

}  // namespace

TEST_CASE("val and test may be several sets by name, each recorded under its own") {
  const auto out = checked(
      "train: {" + kMade + ", slice: \":60\"}, val: {clean: {" + kMade +
          ", slice: \"60:70\"}, noisy: {" + kMade +
          ", slice: \"65:80\", limit: 2}}, test: {synthetic: {kind: classification, seed: 3}}",
      "training: {steps: 5, loss: cross_entropy, optimizer: {sgd: {lr: 0.1}}, metrics: "
      "[accuracy, f1], early_stop: val/noisy/accuracy, expressions: {gap: \"val/noisy/loss - "
      "val/clean/loss\"}}\noutput: {checkpoint: {keep: {best: val/clean/accuracy}}}\n");
  CAPTURE(to_text(out.problems, false));
  REQUIRE(out.problems.empty());
  const Job& job = *out.checked.job;
  CHECK(split_names(job) == std::vector<std::string>{"train", "val/clean", "val/noisy", "test"});
  CHECK(job.find_splits("val").size() == 2);
  CHECK(job.find_splits("val/noisy").size() == 1);
  CHECK(job.find_split("val/noisy")->limit.batches == 2);
  CHECK(job.training.early_stop->higher_is_better);
  CHECK(job.checkpoints.best_is_max);
  CHECK(!job.training.higher_is_better("val/clean/loss"));
}

TEST_CASE("without sets a metric of one is not computed, and the other way round") {
  const std::string stop =
      "training: {steps: 5, loss: cross_entropy, optimizer: {sgd: {lr: 0.1}}, early_stop: ";
  const std::string sets =
      "train: {" + kMade + "}, val: {a: {synthetic: {kind: classification, seed: 5}}}";
  CHECK(codes(checked(sets, stop + "val/loss}\n").problems) == Codes{"FDL4009"});
  CHECK(codes(checked(sets, stop + "val/a/loss}\n").problems).empty());
}

TEST_CASE("a set needs a plain name, and a source that is none is told by its name") {
  CHECK(codes(checked("train: {" + kMade + "}, val: {\"a b\": {synthetic: {seed: 5}}}").problems) ==
        Codes{"FDL1011"});
  CHECK(codes(checked("train: {" + kMade + "}, val: {synthetik: {seed: 5}}").problems) ==
        Codes{"FDL2008"});
  CHECK(codes(checked("train: {" + kMade +
                      "}, val: {a: {synthetic: {kind: classification, seed: 5}}, b: {synth: }}")
                  .problems) == Codes{"FDL2008"});
  // Several sets to train on would leave open how they are mixed.
  CHECK(codes(checked("train: {a: {" + kMade + "}, b: {" + kMade + "}}").problems) ==
        Codes{"FDL2009"});
}

TEST_CASE("sets of one part may share samples, parts may not") {
  const std::string sets = "val: {a: {" + kMade + ", slice: \"50:\"}, b: {" + kMade + "}}";
  CHECK(codes(checked("train: {" + kMade + ", slice: \":50\"}, " + sets).problems) ==
        Codes{"FDL4006"});
  CHECK(codes(checked("train: {synthetic: {kind: classification, seed: 9}}, " + sets).problems)
            .empty());
}

TEST_CASE("slices of one source that is permuted in two ways share samples") {
  const auto with = [&](const std::string& seed) {
    return codes(checked("train: {" + kMade + ", slice: \":50\", shuffle_seed: 1}, val: {" + kMade +
                         ", slice: \"50:\", shuffle_seed: " + seed + "}")
                     .problems);
  };
  CHECK(with("1").empty());
  CHECK(with("2") == Codes{"FDL4006"});
  CHECK(with("null") == Codes{"FDL4006"});
}

TEST_CASE("train leaves its fold out, val is nothing else") {
  for (int index = 0; index < 3; ++index) {
    const std::string at = std::to_string(index);
    const auto out = checked("train: " + fold_of("3", at) + ", val: " + fold_of("3", at));
    CAPTURE(to_text(out.problems, false));
    REQUIRE(out.problems.empty());
    const std::vector<std::string> held = {"0-33", "33-66", "66-100"};
    const std::vector<std::string> rest = {"33-100", "0-33 66-100", "0-66"};
    CHECK(places(*out.checked.job, "val") == held[static_cast<std::size_t>(index)]);
    CHECK(places(*out.checked.job, "train") == rest[static_cast<std::size_t>(index)]);
  }
}

TEST_CASE("folds cut a slice; those that share samples are told") {
  const std::string half = ", slice: \":50\"";
  const auto out =
      checked("train: " + fold_of("5", "4", half) + ", val: " + fold_of("5", "4", half) +
              ", test: {" + kMade + ", slice: \"50:\"}");
  REQUIRE(out.problems.empty());
  CHECK(places(*out.checked.job, "val") == "40-50");
  CHECK(codes(checked("train: " + fold_of("5", "1") + ", val: " + fold_of("5", "2")).problems) ==
        Codes{"FDL4006"});
  CHECK(codes(checked("train: " + fold_of("5", "5")).problems) == Codes{"FDL4007"});
  CHECK(codes(checked("train: {" + kMade + ", fold: {k: 5}}").problems) == Codes{"FDL2004"});
  CHECK(codes(checked("train: " + fold_of("101", "5")).problems) == Codes{"FDL4007"});
}

TEST_CASE("folds cover every sample once, whatever the numbers") {
  DataSplit train, val;
  train.name = "train";
  val.name = "val";
  for (std::int64_t k = 2; k < 9; ++k) {
    for (std::int64_t size = k; size < 60; ++size) {
      std::vector<int> held(static_cast<std::size_t>(size));
      for (std::int64_t index = 0; index < k; ++index) {
        train.fold = val.fold = Fold{k, index};
        std::vector<int> both(held.size());
        for (const DataSplit* split : {&train, &val}) {
          const auto ranges = select_places(*split, size);
          REQUIRE(ranges.has_value());
          for (const SampleRange& range : *ranges) {
            REQUIRE(range.size() > 0);
            for (std::int64_t i = range.begin; i < range.end; ++i) {
              ++both[static_cast<std::size_t>(i)];
              if (split == &val) ++held[static_cast<std::size_t>(i)];
            }
          }
        }
        CHECK(both == std::vector<int>(both.size(), 1));
      }
      CHECK(held == std::vector<int>(held.size(), 1));
    }
  }
}

TEST_CASE("a limit is a number of batches or a share of them") {
  const auto limit = [&](const std::string& text) {
    return checked("train: {" + kMade + ", limit: " + text + "}");
  };
  CHECK(limit("3").checked.job->find_split("train")->limit.of(10) == 3);
  CHECK(limit("30").checked.job->find_split("train")->limit.of(10) == 10);
  CHECK(limit("25%").checked.job->find_split("train")->limit.of(10) == 2);
  CHECK(limit("1%").checked.job->find_split("train")->limit.of(10) == 1);
  CHECK(limit("null").checked.job->find_split("train")->limit.of(10) == 10);
  CHECK(BatchLimit{std::nullopt, 0.5}.of(0) == 0);
  for (const char* bad : {"0", "-1", "0%", "101%", "some", "1.5", "\"%\""}) {
    CAPTURE(bad);
    CHECK(codes(limit(bad).problems) == Codes{"FDL2005"});
  }
}

TEST_CASE("a sampler finds the field that it draws by") {
  const auto field = [&](const std::string& sampler) {
    const auto out = checked("train: {" + kMade + "}, loader: {sampler: " + sampler + "}").checked;
    return out.job->loader.sampler->field;
  };
  CHECK(field("weighted") == "target");
  CHECK(field("stratified") == "target");
  CHECK(field("{stratified: target}") == "target");
  const auto refused = [&](const std::string& loader) {
    return codes(checked("train: {" + kMade + "}, loader: {" + loader + "}").problems);
  };
  CHECK(refused("sampler: bucketed") == Codes{"FDL4050"});
  CHECK(refused("sampler: {stratified: x}") == Codes{"FDL4050"});
  CHECK(refused("sampler: {weighted: y}") == Codes{"FDL4050"});
  CHECK(refused("sampler: {weighted: {weights: target}}") == Codes{"FDL4050"});
  CHECK(refused("sampler: {weighted: {by: target, weights: w}}") == Codes{"FDL4050"});
  CHECK(refused("sampler: weighted, shuffle: false") == Codes{"FDL4031"});
  CHECK(refused("sampler: sorted") == Codes{"FDL2008"});
}

TEST_CASE("batches are mixed where inputs are numbers and the loss takes shares of classes") {
  const auto out = checked("train: {" + kMade + "}, transforms: {batch: [mixup, {mixup: 1}]}");
  CAPTURE(to_text(out.problems, false));
  REQUIRE(out.problems.empty());
  CHECK(out.checked.job->mixing.choices.size() == 2);
  CHECK(out.checked.job->mixing.fields == std::vector<std::string>{"x"});
  CHECK(out.checked.job->mixing.mixes_label("target"));
  const auto refused = [&](const std::string& batch, const std::string& loss) {
    return codes(checked("train: {" + kMade + "}, transforms: {batch: " + batch + "}",
                         "training: {steps: 5, loss: " + loss + ", optimizer: {sgd: {lr: 0.1}}}\n")
                     .problems);
  };
  CHECK(refused("cutmix", "cross_entropy") == Codes{"FDL4031"});
  CHECK(refused("mixup", "multi_margin") == Codes{"FDL4031"});
  CHECK(refused("{mixup: 0}", "cross_entropy") == Codes{"FDL2005"});
  CHECK(refused("{mixup: {p: 2}}", "cross_entropy") == Codes{"FDL2005"});
}

TEST_CASE("layers change sets by name, and a source replaces another within one") {
  const auto merged = [](const std::string& lower, const std::string& upper) {
    config::Node base = testing::tree_of(lower), layer = testing::tree_of(upper);
    std::vector<config::Deletion> deletions;
    Diagnostics problems;
    config::expand_dotted_keys(layer, problems);
    config::merge(base, layer, merge_rules(), deletions, problems);
    return config::to_json(base, false, -1);
  };
  const std::string sets = "data: {val: {a: {csv: {file: x}, limit: 1}, b: {csv: {file: y}}}}";
  CHECK(merged(sets, "data.val.a.limit: 2") ==
        R"({"data":{"val":{"a":{"csv":{"file":"x"},"limit":2},"b":{"csv":{"file":"y"}}}}})");
  CHECK(merged(sets, "data: {val: {b: {jsonl: z}}}") ==
        R"({"data":{"val":{"a":{"csv":{"file":"x"},"limit":1},"b":{"jsonl":"z"}}}})");
  CHECK(merged(sets, "data: {val: {c: {jsonl: z}}}") ==
        R"({"data":{"val":{"a":{"csv":{"file":"x"},"limit":1},"b":{"csv":{"file":"y"}},)"
        R"("c":{"jsonl":"z"}}}})");
  CHECK(merged(sets, "data: {val: {jsonl: z}}") == R"({"data":{"val":{"jsonl":"z"}}})");
  const std::string one = "data: {val: {csv: {file: x, y: z}, fold: {k: 5, index: 0}}}";
  CHECK(merged(one, "data.val.csv.file: w") ==
        R"({"data":{"val":{"csv":{"file":"w","y":"z"},"fold":{"k":5,"index":0}}}})");
  CHECK(merged(one, "data.val.fold.index: 2") ==
        R"({"data":{"val":{"csv":{"file":"x","y":"z"},"fold":{"k":5,"index":2}}}})");
  CHECK(merged(one, "data: {val: {jsonl: w}}") ==
        R"({"data":{"val":{"fold":{"k":5,"index":0},"jsonl":"w"}}})");
}

TEST_CASE("masked tokens need a field of labels that draws alike") {
  const auto with = [](const std::string& tokens, const std::string& target) {
    return codes(
        check_text("model: {inputs: {tokens: \"i64[8]\"}, flow: [{embedding: {num: 9, dim: "
                   "4}}, {linear: 9}]}\ndata: {train: {synthetic: {kind: tokens, vocab: 8, "
                   "target: tokens}}, transforms: {all: {tokens: [" +
                   tokens + "], target: [" + target + "]}}}\n" + kTraining)
            .problems);
  };
  const std::string mask = "{mask_tokens: {mask: 8, vocab: 9", labels = ", labels: true}}";
  CHECK(with(mask + "}}", mask + labels).empty());
  CHECK(with(mask + "}}", "") == Codes{"FDL4031"});
  CHECK(with("", mask + labels) == Codes{"FDL4031"});
  CHECK(with(mask + ", p: 0.2}}", mask + labels) == Codes{"FDL4031", "FDL4031"});
  CHECK(with("{window: 8}, " + mask + "}}", mask + labels) == Codes{"FDL4031", "FDL4031"});
  CHECK(with("{mask_tokens: {mask: 9, vocab: 9}}", "") == Codes{"FDL3013", "FDL4031"});
}

}  // namespace fdl::job
