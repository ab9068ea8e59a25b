#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands/bench/arms.h"
#include "commands/bench/same.h"

// What a benchmark found, as text, JSON and a page.
namespace fdl::commands::bench {

// All runs of one job, round by round.
struct JobReport {
  const Job* job = nullptr;
  std::int64_t epochs = 0, batch_size = 0;
  std::vector<std::string> arms;
  std::vector<Figures> runs;
  std::map<std::string, Difference> differences = {};  // of the arms, where they were compared

  // The arm does not do the same work as fdl.
  bool is_void(const std::string& arm) const;
  std::vector<const Figures*> of(const std::string& arm) const;  // in the order of rounds
};

struct Report {
  std::string date;  // "2026-01-01T12:00:00Z"
  std::int64_t rounds = 0, threads = 0;
  std::map<std::string, std::string> machine;   // "cpu", "cores", ...
  std::map<std::string, std::string> versions;  // of fdl, its tree, and what the scripts run on
  std::string command = {};                     // that measures it again; former reports lack it
  std::vector<JobReport> jobs = {};
};

std::map<std::string, std::string> machine_facts();

// The shell line that gave these words to `fdl bench`, with the variables that choose kernels.
std::string command_line(const std::vector<std::string>& words,
                         const std::map<std::string, std::string>& environment);

// How often faster a step is than the baseline's: medians over rounds, and their 95 % interval.
// Empty where the report lacks one of the two, or one is void.
struct Speed {
  double ratio = 0, low = 0, high = 0;
};
std::optional<Speed> speed_of(const JobReport& report, const std::string& arm);

// A row for each arm of each job, below the columns' names. Columns that no row has are left out.
std::vector<std::vector<std::string>> to_rows(const Report& report);
std::string to_table(const Report& report);
nlohmann::ordered_json to_json(const Report& report);
// Errors: FDL9001 for what to_json() does not write, `name` being where it is from.
Result<Report> from_json(const nlohmann::json& told, const std::string& name);
double step_ms_of(const JobReport& report, const std::string& arm);  // the middle of its rounds
std::string to_page(const Report& report);  // one HTML file, with nothing beside it

// What got slower against the JSON of a former report: a sentence for each job whose whole interval
// lies more than a tenth below the former one, and for each that is void. Jobs that either lacks
// are passed over.
std::vector<std::string> slower_than(const Report& report, const nlohmann::json& former);

}  // namespace fdl::commands::bench
