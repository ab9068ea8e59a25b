#pragma once

#include <map>
#include <string>
#include <vector>

#include "commands/bench/arms.h"
#include "lib/base/process.h"

// Starting the programs of both sides.
namespace fdl::commands::bench {

struct Ended {
  std::string output;
  double wall_s = 0, peak_rss_mib = 0;

  std::string last_line() const;
};

// Runs it in the repository's folder, to its end. Errors: FDL5003, FDL5440 with what it said last.
Result<Ended> run_program(ProcessSpec spec, const Setup& setup);

// Both sides get the same number of threads.
std::map<std::string, std::string> environment_of(const Setup& setup, bool is_tuned);

// `fdl run` of the job, with further settings "key=value".
ProcessSpec own_program(const Job& job, const Setup& setup, std::int64_t epochs, std::int64_t seed,
                        const std::vector<std::string>& settings = {});
// The folder of the run that it made.
std::filesystem::path own_run(const Setup& setup);

ProcessSpec peer_program(const Job& job, const Arm& arm, const Setup& setup, std::int64_t epochs,
                         std::int64_t seed, const std::vector<std::string>& words = {});

}  // namespace fdl::commands::bench
