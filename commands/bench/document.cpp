#include "commands/bench/document.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "commands/bench/statistics.h"

namespace fdl::commands::bench {
namespace {

// The one job for which another project has published a figure of its own.
constexpr const char* kClaimedJob = "charl_mlp";
struct Claim {
  const char* who;
  double samples_per_s;
};
constexpr Claim kClaims[] = {{"Charl, as it has published", 12'064},
                             {"PyTorch, as Charl has published", 540}};

constexpr const char* kHead = R"(# Benchmarks

Made by `fdl bench --table FILE ... --out docs/benchmarks.md` from stored reports of `fdl bench`; a test holds this page to
them. `times` is how often faster a step is than with PyTorch as it comes (arm `torch`), with its 95 % interval over
rounds. "32 of 256" is a batch that was scaled down, on both sides, to fit the machine. `apart` is the largest relative
difference of the losses of the first 20 steps from fdl's, from the same weights, on the same batches, without dropout;
above 1e-4, or what `allowed` says, a row is void, and has no ratio. `allowed` is three times what f32 rounds away by
that step: how far the losses of PyTorch's arms in f32 lie from its own in f64. An arm without `apart` was not compared.

)";

// Whether figures of a GPU are among them.
std::string word_on_gpus(const std::vector<NamedReport>& reports) {
  std::vector<std::string> names;
  for (const NamedReport& named : reports) {
    if (named.report.machine.count("gpu") != 0) names.push_back("`" + named.name + "`");
  }
  if (names.empty())
    return "Every table here is of a CPU. What was measured on a GPU is in "
           "bench/results/gpu_rounds.md.\n";
  return fmt::format("Figures of a GPU are those of {}; all others are of a CPU.\n",
                     fmt::join(names, ", "));
}

Result<std::string> section_of(const std::string& text, const std::string& heading) {
  const std::size_t begin = text.find("\n" + heading + "\n");
  if (begin == std::string::npos)
    return fail(error(Code::BenchFailed, {}, "bench/README.md has no '{}'", heading));
  const std::size_t next = std::min(text.find("\n## ", begin + 1), text.size());
  const std::size_t end = text.find_last_not_of('\n', next);
  return text.substr(begin, end + 1 - begin) + "\n";
}

std::string markdown_row(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string tables_of(const NamedReport& named) {
  const Report& report = named.report;
  std::vector<std::string> facts;
  for (const auto* list : {&report.machine, &report.versions}) {
    for (const auto& [name, value] : *list) facts.push_back(fmt::format("{}: {}", name, value));
  }
  std::string out =
      fmt::format("\n## {}, {}\n\n{} rounds, {} threads; {}.\n\n", named.name,
                  report.date.substr(0, 10), report.rounds, report.threads, fmt::join(facts, "; "));
  if (!report.command.empty()) out += fmt::format("    {}\n\n", report.command);
  const auto rows = to_rows(report);
  out += markdown_row(rows.front()) + "|";
  for (std::size_t i = 0; i < rows.front().size(); ++i) out += "---|";
  out += "\n";
  for (std::size_t i = 1; i < rows.size(); ++i) out += markdown_row(rows[i]);
  return out;
}

// Samples in a second, as the claims count.
std::string measured_rows(const NamedReport& named) {
  std::string out;
  for (const JobReport& job : named.report.jobs) {
    if (job.job->name != kClaimedJob) continue;
    for (const std::string& arm : job.arms) {
      if (job.is_void(arm)) continue;
      const Figures& first = *job.of(arm).front();
      const double steps = static_cast<double>(first.num_steps.front());
      const double samples = static_cast<double>(job.job->samples_per_epoch());
      out += markdown_row({fmt::format("`{}`, measured ({})", arm, named.name),
                           fmt::format("{:.0f}", samples / (steps * step_ms_of(job, arm) / 1e3))});
    }
  }
  return out;
}

std::string claims_beside(const std::vector<NamedReport>& reports) {
  std::string measured;
  for (const NamedReport& named : reports) measured += measured_rows(named);
  if (measured.empty()) return "";
  std::string out =
      "\n## A published claim, and what was measured\n\n784-128-64-10, batch 32, samples in a "
      "second of training:\n\n| who | samples/s |\n|---|---|\n";
  for (const Claim& claim : kClaims)
    out += markdown_row({claim.who, fmt::format("{:.0f}", claim.samples_per_s)});
  return out + measured;
}

}  // namespace

Result<std::string> to_document(const std::vector<NamedReport>& reports,
                                const std::string& readme) {
  std::string out = kHead + word_on_gpus(reports);
  for (const NamedReport& report : reports) out += tables_of(report);
  out += claims_beside(reports);
  for (const char* heading :
       {"## Arms", "## What the figures mean", "## Where the two sides differ"}) {
    const Result<std::string> section = section_of(readme, heading);
    if (!section) return fail(section.error());
    out += *section;
  }
  return out;
}

}  // namespace fdl::commands::bench
