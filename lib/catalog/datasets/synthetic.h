#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct SyntheticParams {
  std::string kind = "regression";
  std::int64_t samples = 1024;
  std::int64_t classes = 10;
  std::string target;
  std::optional<std::int64_t> steps;
  std::int64_t seed = 0;
};

inline EntrySpec synthetic_spec() {
  using config::at_least;
  using P = SyntheticParams;
  return declare_entry<P>("synthetic",
                          "Samples drawn from a seed that a model can learn; shapes come from the "
                          "model's inputs. Fields: the inputs, and target.")
      .param("kind", &P::kind, "What the samples are like.", config::main_field,
             config::choices({"regression", "classification", "sequences"}))
      .param("samples", &P::samples, "How many.", at_least(1))
      .param("classes", &P::classes, "Of a classification: how many classes.", at_least(2))
      .param(
          "target", &P::target,
          "The target's type, such as f32[512], of a regression; of sequences, at each position.")
      .param("steps", &P::steps, "Of sequences: how many positions.", at_least(1))
      .param("seed", &P::seed, "Chooses the samples.")
      .source("drawn by fdl");
}

}  // namespace fdl::catalog
