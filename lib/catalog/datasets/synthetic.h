#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct SyntheticParams {
  std::string kind = "regression";
  std::int64_t samples = 1024;
  std::int64_t classes = 10;
  std::optional<std::int64_t> vocab;
  std::string target;
  std::optional<std::int64_t> length;
  std::vector<std::int64_t> lengths;
  std::optional<std::int64_t> steps;
  std::int64_t seed = 0;
};

inline EntrySpec synthetic_spec() {
  using config::at_least;
  using P = SyntheticParams;
  return declare_entry<P>("synthetic",
                          "Samples drawn from a seed that a model can learn; shapes come from the "
                          "model's inputs. Fields: the inputs, and target.")
      .param(
          "kind", &P::kind,
          "What the samples are like: numbers whose target is a function of them, numbers around "
          "the centre of their class, patterns of waves of their class, tokens that follow one "
          "another, pictures of boxes with the class of each pixel, or sequences of numbers "
          "whose target at a position depends on those before it.",
          config::main_field,
          config::choices(
              {"regression", "classification", "images", "tokens", "segmentation", "sequences"}))
      .param("samples", &P::samples, "How many.", at_least(1))
      .param("classes", &P::classes, "Of targets that are class numbers: how many classes.",
             at_least(2))
      .param("vocab", &P::vocab,
             "Of tokens: how many there are; else the rows of the embedding that the input feeds.",
             at_least(2))
      .param("target", &P::target,
             "The target. Of a regression its type, such as f32[512], of "
             "sequences that at each position; of tokens `next` (the "
             "default), or i64[] for the class of the sample, i64[T] for one of each token, f32[8] "
             "for numbers of its class; of every kind the name of an input, to be reconstructed.")
      .param("length", &P::length,
             "Size of named axes such as T; else their bound, and at most 32.", at_least(1))
      .param("lengths", &P::lengths,
             "Shortest and longest size of named axes, [4, 16]: each sample has its own. Batches "
             "are padded, and the field NAME_mask tells which elements of NAME are real.",
             at_least(1))
      .param("steps", &P::steps,
             "Of sequences: how many positions; else the first axis of the inputs.", at_least(1))
      .param("seed", &P::seed, "Chooses the samples.")
      .source("drawn by fdl");
}

}  // namespace fdl::catalog
