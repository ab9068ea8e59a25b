#pragma once

#include "lib/graph/build.h"
#include "tests/unit/manifest_text.h"

namespace fdl::testing {

// A manifest with one input `x: f32[8]`, this flow, and further top-level or model keys.
inline std::string model_text(const std::string& flow, const std::string& more = "") {
  const bool beside = more.starts_with("outputs");
  return "model:\n  inputs: { x: \"f32[8]\" }\n  flow: " + flow + "\n" + (beside ? "  " : "") +
         more + "\n";
}

inline std::optional<graph::Graph> build(const std::string& text, Diagnostics& problems) {
  const config::Manifest manifest = manifest_of(text, problems);
  return graph::build_graph(manifest, {}, problems);
}

inline Diagnostics model_problems(const std::string& flow, const std::string& more = "") {
  Diagnostics problems;
  (void)build(model_text(flow, more), problems);
  return problems;
}

// A model that is meant to be fine.
inline graph::Graph graph_of(const std::string& flow, const std::string& more = "") {
  Diagnostics problems;
  std::optional<graph::Graph> out = build(model_text(flow, more), problems);
  if (!out) throw std::runtime_error(to_text(problems, false));
  return std::move(*out);
}

}  // namespace fdl::testing
