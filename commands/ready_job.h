#pragma once

#include <optional>
#include <string>

#include "commands/context.h"
#include "commands/manifest_choice.h"
#include "lib/job/job.h"

namespace fdl::commands {

// A manifest whose job can be run.
struct ReadyJob {
  config::Manifest manifest;
  job::Checked checked;  // with a graph and a job

  std::filesystem::path output_dir() const { return manifest.folder / checked.job->output_dir; }
};

// The recorded manifest of a run, with the chosen values changed.
std::optional<config::Manifest> load_job_of_run(const std::string& run,
                                                const ManifestChoice& changed, Context& context,
                                                Diagnostics& problems);

// Checks it, settles what depends on this machine (`batch_size: auto`, which is told and enters the
// manifest) and reports what is wrong; empty when that is an error, whose exit code is in `code`.
// `is_new`: no run that goes on; the weights to begin with must be there.
std::optional<ReadyJob> make_ready(std::optional<config::Manifest> manifest, bool is_new,
                                   Diagnostics& problems, Context& context, int& code);

// "20260101-120000": now, where we are.
std::string timestamp_now();

}  // namespace fdl::commands
