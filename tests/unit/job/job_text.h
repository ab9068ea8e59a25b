#pragma once

#include "lib/job/job.h"
#include "tests/unit/manifest_text.h"

namespace fdl::testing {

inline const std::string kModel = "model: {name: m, inputs: {x: \"f32[4]\"}, flow: [linear: 10]}\n";
inline const std::string kData = "data: {train: {synthetic: {kind: classification}}}\n";
inline const std::string kTraining =
    "training: {steps: 5, loss: cross_entropy, optimizer: {sgd: {lr: 0.1}}}\n";

struct CheckedText {
  job::Checked checked;
  Diagnostics problems;
};

// A whole manifest through everything `fdl check` does, data headers included.
inline CheckedText check_text(const std::string& text, bool skip_data = false) {
  CheckedText out;
  const config::Manifest manifest = manifest_of(text, out.problems);
  out.checked = job::check(manifest, {}, skip_data, out.problems);
  return out;
}

}  // namespace fdl::testing
