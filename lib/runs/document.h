#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lib/base/result.h"
#include "lib/graph/drawing.h"

// What a run's folder holds beside its events, as docs/adr/0061 has it.
namespace fdl::runs {

// "manifest", "environment", "plan", "profile", "samples", "recorded". What cannot be read is left
// out or null.
nlohmann::ordered_json about_run(const std::filesystem::path& run);

// The names of what `output.samples` kept, newest first.
std::vector<std::string> samples_of(const std::filesystem::path& run);

// The last `most_bytes` of log.txt, from a line's beginning on.
std::string end_of_log(const std::filesystem::path& run, std::uint64_t most_bytes);

// The graph as the run has it, coloured by profile.json where there is one. With depth > 0, what
// lies deeper is one box. Errors: those of a manifest that cannot be read.
Result<graph::Drawing> drawing_of(const std::filesystem::path& run, int depth = 0);

// The same as Graphviz draws it. Errors: FDL5003 without Graphviz, those of drawing_of.
Result<std::string> graph_svg(const std::filesystem::path& run);

}  // namespace fdl::runs
