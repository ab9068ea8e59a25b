#include "commands/bench/report.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sys/utsname.h>
#include <thread>

#include <fmt/format.h>

#include "commands/bench/statistics.h"
#include "commands/table.h"
#include "lib/base/machine.h"
#include "lib/base/process.h"

namespace fdl::commands::bench {
namespace {

// The middle of a run's epochs but the first, which warms up.
double settled(const std::vector<double>& epochs) {
  if (epochs.size() == 1) return epochs.front();
  return median(std::vector<double>(epochs.begin() + 1, epochs.end()));
}

double step_ms(const Figures& figures) { return settled(figures.step_ms); }

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

// What a row is made of.
struct Row {
  const JobReport& report;
  const std::string& arm;
  std::vector<const Figures*> runs;

  double middle(double Figures::*value) const {
    return median(each(runs, [&](const Figures& one) { return one.*value; }));
  }
  // Of what is told for each epoch; empty where a run does not.
  std::optional<double> middle(std::vector<double> Figures::*epochs) const {
    std::vector<double> out;
    for (const Figures* run : runs) {
      if ((run->*epochs).empty()) return std::nullopt;
      out.push_back(settled(run->*epochs));
    }
    return median(std::move(out));
  }
};

std::string times_cell(const Row& row) {
  const auto speed = speed_of(row.report, row.arm);
  if (speed) return fmt::format("{:.2f}", speed->ratio);
  return row.report.is_void(row.arm) ? "void" : "";
}

std::string interval_cell(const Row& row) {
  const auto speed = speed_of(row.report, row.arm);
  return speed ? fmt::format("{:.2f}-{:.2f}", speed->low, speed->high) : "";
}

std::string tail_cell(const Row& row) {
  const auto middle = row.middle(&Figures::step_ms_p50), last = row.middle(&Figures::step_ms_p99);
  return middle && last && *middle > 0 ? fmt::format("{:.2f}", *last / *middle) : "";
}

std::string difference_cell(const Row& row) {
  const auto found = row.report.differences.find(row.arm);
  return found == row.report.differences.end() ? "" : fmt::format("{:.0e}", found->second.apart);
}

// Where it is not what everyone is allowed.
std::string allowed_cell(const Row& row) {
  const auto found = row.report.differences.find(row.arm);
  const bool is_told =
      found != row.report.differences.end() && found->second.allowed > kLossTolerance;
  return is_told ? fmt::format("{:.0e}", found->second.allowed) : "";
}

std::string batch_cell(const Row& row) {
  const std::int64_t own = row.report.job->batch_size;
  if (own == 0) return "";
  return row.report.batch_size == own ? fmt::format("{}", own)
                                      : fmt::format("{} of {}", row.report.batch_size, own);
}

struct Column {
  const char* title;
  std::string (*cell)(const Row&);
};

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns = {
      {"job", [](const Row& r) { return r.report.job->name; }},
      {"batch", batch_cell},
      {"arm", [](const Row& r) { return r.arm; }},
      {"step ms", [](const Row& r) { return fmt::format("{:.3f}", step_ms_of(r.report, r.arm)); }},
      {"spread", [](const Row& r) { return fmt::format("{:.3f}", spread(each(r.runs, step_ms))); }},
      {"times", times_cell},
      {"95 %", interval_cell},
      {"p50 ms", [](const Row& r) { return cell(r.middle(&Figures::step_ms_p50), 3); }},
      {"p95 ms", [](const Row& r) { return cell(r.middle(&Figures::step_ms_p95), 3); }},
      {"p99 ms", [](const Row& r) { return cell(r.middle(&Figures::step_ms_p99), 3); }},
      {"p99/p50", tail_cell},
      {"data wait %", [](const Row& r) { return cell(r.middle(&Figures::data_wait_percent), 2); }},
      {"whole s", [](const Row& r) { return cell(r.middle(&Figures::total_s), 2); }},
      {"first step s",
       [](const Row& r) { return cell(middle_of(r.runs, &Figures::first_step_s), 2); }},
      {"peak MiB", [](const Row& r) { return cell(r.middle(&Figures::peak_rss_mib), 0); }},
      {"peak GPU MiB",
       [](const Row& r) { return cell(middle_of(r.runs, &Figures::peak_gpu_mib), 0); }},
      {"energy J", [](const Row& r) { return cell(middle_of(r.runs, &Figures::energy_j), 0); }},
      {"loss", [](const Row& r) { return cell(r.middle(&Figures::final_loss), 4); }},
      {"accuracy",
       [](const Row& r) { return cell(middle_of(r.runs, &Figures::test_accuracy), 4); }},
      {"apart", difference_cell},
      {"allowed", allowed_cell},
  };
  return kColumns;
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
    const auto has = [&](const char* flag) { return line.find(flag) != std::string::npos; };
    const CpuVectors used = cpu_vectors();
    const bool is_limited =
        (used == CpuVectors::Avx2 && has(" avx512f")) || (used == CpuVectors::None && has(" avx2"));
    out["vectors"] = std::string(used == CpuVectors::Avx512 ? "AVX-512"
                                 : used == CpuVectors::Avx2 ? "AVX2"
                                                            : "before AVX2") +
                     (is_limited ? ", by ATEN_CPU_CAPABILITY" : "");
  }
  out["cores"] = std::to_string(std::thread::hardware_concurrency());
  if (const auto bytes = available_memory_bytes())
    out["free_memory_gib"] = fmt::format("{:.1f}", static_cast<double>(*bytes) / (1 << 30));
  utsname system = {};
  if (::uname(&system) == 0) out["kernel"] = system.release;
  return out;
}

std::string command_line(const std::vector<std::string>& words,
                         const std::map<std::string, std::string>& environment) {
  // Of ATen, oneDNN and MKL: bench/README.md names them.
  constexpr const char* kKernelChoices[] = {"ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA",
                                            "MKL_ENABLE_INSTRUCTIONS"};
  std::string out;
  for (const char* name : kKernelChoices) {
    const auto found = environment.find(name);
    if (found != environment.end()) out += fmt::format("{}={} ", name, shell_quote(found->second));
  }
  out += "fdl bench";
  for (const std::string& word : words) out += " " + shell_quote(word);
  return out;
}

std::optional<Speed> speed_of(const JobReport& report, const std::string& arm) {
  if (report.is_void(kBaseline) || report.is_void(arm)) return std::nullopt;
  const std::vector<double> base = each(report.of(kBaseline), step_ms),
                            own = each(report.of(arm), step_ms);
  if (base.empty() || base.size() != own.size()) return std::nullopt;
  const auto [low, high] = ratio_interval(base, own);
  return Speed{median(base) / median(own), low, high};
}

bool JobReport::is_void(const std::string& arm) const {
  const auto found = differences.find(arm);
  return found != differences.end() && found->second.is_too_large();
}

double step_ms_of(const JobReport& report, const std::string& arm) {
  return median(each(report.of(arm), step_ms));
}

std::vector<std::vector<std::string>> to_rows(const Report& report) {
  std::vector<std::vector<std::string>> out(1);
  for (const JobReport& job : report.jobs) {
    for (const std::string& arm : job.arms) {
      out.emplace_back();
      for (const Column& column : columns())
        out.back().push_back(column.cell({job, arm, job.of(arm)}));
    }
  }
  for (const Column& column : columns()) out.front().emplace_back(column.title);
  for (std::size_t i = columns().size(); i-- > 0;) {
    const bool is_told =
        std::any_of(out.begin() + 1, out.end(), [&](const auto& row) { return !row[i].empty(); });
    if (is_told) continue;
    for (auto& row : out) row.erase(row.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return out;
}

std::string to_table(const Report& report) { return aligned_table(to_rows(report)); }

nlohmann::ordered_json to_json(const Report& report) {
  nlohmann::ordered_json out = {{"date", report.date},
                                {"rounds", report.rounds},
                                {"threads", report.threads},
                                {"machine", report.machine},
                                {"versions", report.versions}};
  if (!report.command.empty()) out["command"] = report.command;
  out["jobs"] = nlohmann::ordered_json::array();
  for (const JobReport& job : report.jobs) {
    nlohmann::ordered_json one = {
        {"job", job.job->name}, {"epochs", job.epochs}, {"batch_size", job.batch_size}};
    for (const std::string& arm : job.arms) {
      if (const auto speed = speed_of(job, arm))
        one["times"][arm] = {speed->ratio, speed->low, speed->high};
    }
    for (const auto& [arm, difference] : job.differences) {
      one["apart"][arm] = difference.apart;
      if (difference.allowed > kLossTolerance) one["allowed"][arm] = difference.allowed;
    }
    for (const Figures& run : job.runs) one["runs"].push_back(run.to_json());
    out["jobs"].push_back(std::move(one));
  }
  return out;
}

namespace {

JobReport job_from_json(const nlohmann::json& told) {
  JobReport out{find_job(told.at("job").get<std::string>()),
                told.at("epochs"),
                told.at("batch_size"),
                {},
                {}};
  if (out.job == nullptr) return out;
  for (const nlohmann::json& run : told.at("runs")) {
    out.runs.push_back(Figures::from_json(run));
    const std::string& arm = out.runs.back().arm;
    if (std::find(out.arms.begin(), out.arms.end(), arm) == out.arms.end()) out.arms.push_back(arm);
  }
  const auto apart = told.find("apart");
  if (apart == told.end()) return out;
  for (const auto& [arm, difference] : apart->items())  // what is not finite is written as null
    out.differences[arm].apart =
        difference.is_number() ? difference.get<double>() : std::numeric_limits<double>::infinity();
  const nlohmann::json allowed = told.value("allowed", nlohmann::json::object());
  for (auto& [arm, difference] : out.differences)
    difference.allowed = allowed.value(arm, kLossTolerance);
  return out;
}

}  // namespace

Result<Report> from_json(const nlohmann::json& told, const std::string& name) {
  const auto refused = [&](const std::string& why) {
    return fail(
        error(Code::BadCommandLine, {}, "'{}' is no report of `fdl bench --out`{}", name, why));
  };
  try {
    Report out{told.at("date"),    told.at("rounds"),   told.at("threads"),
               told.at("machine"), told.at("versions"), told.value("command", "")};
    for (const nlohmann::json& job : told.at("jobs")) {
      out.jobs.push_back(job_from_json(job));
      if (out.jobs.back().job == nullptr)
        return refused(fmt::format(": there is no job '{}'", job.at("job").get<std::string>()));
      if (out.jobs.back().runs.empty()) return refused(": a job has no runs");
    }
    return out;
  } catch (const nlohmann::json::exception&) {
    return refused("");
  }
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
      if (is_same && now.is_void(kBaseline)) {
        out.push_back(fmt::format("{}: void: losses lie {:.0e} apart", now.job->name,
                                  now.differences.at(kBaseline).apart));
      }
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
