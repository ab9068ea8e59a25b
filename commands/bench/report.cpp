#include "commands/bench/report.h"

#include <fstream>
#include <sys/utsname.h>
#include <thread>

#include <fmt/format.h>

#include "commands/bench/statistics.h"
#include "commands/table.h"
#include "lib/base/machine.h"

namespace fdl::commands::bench {
namespace {

// A run's time of a step: the median over its epochs but the first, which warms up.
double step_ms(const Figures& figures) {
  const auto begin = figures.step_ms.begin();
  return figures.step_ms.size() == 1
             ? figures.step_ms.front()
             : median(std::vector<double>(begin + 1, figures.step_ms.end()));
}

template <typename F>
std::vector<double> each(const std::vector<const Figures*>& runs, F value) {
  std::vector<double> out;
  for (const Figures* run : runs) out.push_back(value(*run));
  return out;
}

std::string cell(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "";
}

// The middle of what all runs tell; empty where one does not.
std::optional<double> middle_of(const std::vector<const Figures*>& runs,
                                std::optional<double> Figures::*value) {
  std::vector<double> out;
  for (const Figures* run : runs) {
    if (!(run->*value)) return std::nullopt;
    out.push_back(*(run->*value));
  }
  return out.empty() ? std::nullopt : std::optional(median(out));
}

std::vector<std::string> row_of(const JobReport& report, const std::string& arm) {
  const std::vector<const Figures*> runs = report.of(arm);
  const std::vector<double> steps = each(runs, step_ms);
  const auto speed = speed_of(report, arm);
  const auto middle = [&](double Figures::*value) {
    return median(each(runs, [&](const Figures& one) { return one.*value; }));
  };
  return {report.job->name,
          arm,
          fmt::format("{:.3f}", median(steps)),
          fmt::format("{:.3f}", spread(steps)),
          speed ? fmt::format("{:.2f}", speed->ratio) : "",
          speed ? fmt::format("{:.2f}-{:.2f}", speed->low, speed->high) : "",
          cell(middle(&Figures::total_s), 2),
          cell(middle_of(runs, &Figures::first_step_s), 2),
          cell(middle(&Figures::peak_rss_mib), 0),
          cell(middle(&Figures::final_loss), 4),
          cell(middle_of(runs, &Figures::test_accuracy), 4)};
}

}  // namespace

std::vector<const Figures*> JobReport::of(const std::string& arm) const {
  std::vector<const Figures*> out;
  for (const Figures& run : runs) {
    if (run.arm == arm) out.push_back(&run);
  }
  return out;
}

std::map<std::string, std::string> machine_facts() {
  std::map<std::string, std::string> out;
  std::ifstream cpu("/proc/cpuinfo");
  for (std::string line; std::getline(cpu, line) && !line.empty();) {
    if (line.starts_with("model name")) out["cpu"] = line.substr(line.find(':') + 2);
    if (!line.starts_with("flags")) continue;
    const bool has_512 = line.find(" avx512f") != std::string::npos;
    out["vectors"] = has_512                                   ? "AVX-512"
                     : line.find(" avx2") != std::string::npos ? "AVX2"
                                                               : "before AVX2";
  }
  out["cores"] = std::to_string(std::thread::hardware_concurrency());
  if (const auto bytes = available_memory_bytes())
    out["free_memory_gib"] = fmt::format("{:.1f}", static_cast<double>(*bytes) / (1 << 30));
  utsname system = {};
  if (::uname(&system) == 0) out["kernel"] = system.release;
  return out;
}

std::optional<Speed> speed_of(const JobReport& report, const std::string& arm) {
  const std::vector<double> base = each(report.of(kBaseline), step_ms),
                            own = each(report.of(arm), step_ms);
  if (base.empty() || base.size() != own.size()) return std::nullopt;
  const auto [low, high] = ratio_interval(base, own);
  return Speed{median(base) / median(own), low, high};
}

std::string to_table(const Report& report) {
  std::vector<std::vector<std::string>> rows = {{"job", "arm", "step ms", "spread", "times", "95 %",
                                                 "whole s", "first step s", "peak MiB", "loss",
                                                 "accuracy"}};
  for (const JobReport& job : report.jobs) {
    for (const std::string& arm : job.arms) rows.push_back(row_of(job, arm));
  }
  return aligned_table(rows);
}

nlohmann::ordered_json to_json(const Report& report) {
  nlohmann::ordered_json out = {{"date", report.date},
                                {"rounds", report.rounds},
                                {"threads", report.threads},
                                {"machine", report.machine},
                                {"versions", report.versions}};
  out["jobs"] = nlohmann::ordered_json::array();
  for (const JobReport& job : report.jobs) {
    nlohmann::ordered_json one = {
        {"job", job.job->name}, {"epochs", job.epochs}, {"batch_size", job.batch_size}};
    for (const std::string& arm : job.arms) {
      if (const auto speed = speed_of(job, arm))
        one["times"][arm] = {speed->ratio, speed->low, speed->high};
    }
    for (const Figures& run : job.runs) one["runs"].push_back(run.to_json());
    out["jobs"].push_back(std::move(one));
  }
  return out;
}

std::vector<std::string> slower_than(const Report& report, const nlohmann::json& former) {
  constexpr double kTolerated = 0.9;
  std::vector<std::string> out;
  const auto jobs = former.find("jobs");
  if (jobs == former.end() || !jobs->is_array()) return out;
  for (const nlohmann::json& then : *jobs) {
    for (const JobReport& now : report.jobs) {
      const auto speed = speed_of(now, kOwnArm);
      const bool is_same = then.is_object() && then.value("job", "") == now.job->name;
      if (!is_same || !speed) continue;
      const auto times = then.find("times");
      if (times == then.end() || !times->contains(kOwnArm)) continue;
      const double wanted = (*times)[kOwnArm].at(1).get<double>();
      if (speed->high < kTolerated * wanted)
        out.push_back(fmt::format(
            "{}: {:.2f} times the baseline's speed ({:.2f}-{:.2f}), before {:.2f} and more",
            now.job->name, speed->ratio, speed->low, speed->high, wanted));
    }
  }
  return out;
}

}  // namespace fdl::commands::bench
