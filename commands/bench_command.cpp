#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <sstream>
#include <thread>

#include <fmt/ranges.h>

#include "commands/bench/document.h"
#include "commands/bench/report.h"
#include "commands/bench/same.h"
#include "commands/bench/table_of_rows.h"
#include "commands/command.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/scratch_folder.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;
using bench::Figures;
using bench::Job;
using bench::JobReport;
using bench::Report;
using bench::Setup;

struct Options {
  std::vector<std::string> jobs;
  std::string peers = "torch,torch-fused";  // "none": none
  std::int64_t rounds = 5, epochs = 0, batch = 0, threads = 0;
  bool quick = false, json = false, setup_peers = false, same = false, table = false;
  std::string python, html, out, check, data, device = "cpu";
};

// Rounds without which an interval is no word on their spread.
constexpr std::int64_t kFewestChecked = 3;

struct Plan {
  std::vector<const Job*> jobs;
  std::vector<std::string> arms;
  Setup setup;
};

std::vector<std::string> names_of_jobs() {
  std::vector<std::string> out;
  for (const Job& job : bench::jobs()) out.push_back(job.name);
  return out;
}

Result<std::vector<const Job*>> chosen_jobs(const Options& options) {
  std::vector<const Job*> out;
  for (const std::string& name : options.jobs) {
    const Job* job = bench::find_job(name);
    if (job == nullptr) return fail(unknown_name("job", name, names_of_jobs()));
    if (options.batch > 0 && job->batch_size == 0) {
      return fail(error(Code::BadCommandLine, {},
                        "the batches of '{}' are what it measures: it takes no --batch", name));
    }
    out.push_back(job);
  }
  if (options.jobs.empty()) {
    for (const Job& job : bench::jobs()) {
      if (options.batch == 0 || job.batch_size > 0) out.push_back(&job);
    }
  }
  return out;
}

std::vector<std::string> peer_names() {
  std::vector<std::string> out;
  for (const bench::Arm& arm : bench::peers()) out.push_back(arm.name);
  return out;
}

Result<std::vector<std::string>> chosen_arms(const Options& options) {
  std::vector<std::string> out = {bench::kOwnArm};
  const std::vector<std::string> known = peer_names();
  if (options.peers == "none") return out;
  std::istringstream names(options.peers);
  for (std::string name; std::getline(names, name, ',');) {
    if (bench::find_peer(name) == nullptr) return fail(unknown_name("peer", name, known));
    out.push_back(name);
  }
  return out;
}

fs::path python_of(const Options& options, const fs::path& root) {
  return options.python.empty() ? root / "build/peer/bin/python" : fs::path(options.python);
}

// The Python that the scripts run on: a virtual environment with what bench/peers/requirements.txt
// names.
int set_up_peers(const fs::path& root, Context& context) {
  const fs::path folder = root / "build/peer";
  const auto run = [&](const std::string& program, std::vector<std::string> words) {
    ProcessSpec spec;
    spec.program = program;
    spec.arguments = std::move(words);
    Result<Process> process = Process::start(spec);
    if (!process) return context.fail(process.error());
    const ExitStatus status = process->wait();
    if (status.ok()) return 0;
    return context.fail(
        error(Code::BenchFailed, {}, "'{}' ended with {}", program, status.shell_code()));
  };
  if (const int code = run("python3", {"-m", "venv", folder.string()}); code != 0) return code;
  return run((folder / "bin/pip").string(),
             {"install", "-r", (root / "bench/peers/requirements.txt").string()});
}

bool takes_part(const std::string& arm, const Job& job, const Setup& setup) {
  const bench::Arm* peer = bench::find_peer(arm);
  return peer == nullptr || !peer->is_jax || (job.has_jax && setup.device == "cpu");
}

// No job's batches get larger than its own.
Setup setup_of(const Job& job, const Plan& plan) {
  Setup out = plan.setup;
  if (out.batch_size >= job.batch_size) out.batch_size = 0;
  return out;
}

Result<JobReport> measure(const Job& job, const Plan& plan, const Options& options,
                          Context& context) {
  const Setup setup = setup_of(job, plan);
  JobReport out{&job, options.epochs, setup.batch_size, {}, {}};
  if (out.epochs == 0) out.epochs = options.quick ? 2 : job.epochs;
  if (out.batch_size == 0) out.batch_size = job.batch_size;
  for (const std::string& arm : plan.arms) {
    if (takes_part(arm, job, setup)) out.arms.push_back(arm);
  }
  if (!job.table.empty()) FDL_TRY(bench::write_table_of_rows(setup.root / job.table));
  if (options.same) {
    auto differences = bench::compare_losses(job, out.arms, setup);
    if (!differences) return fail(differences.error());
    out.differences = *std::move(differences);
  }
  for (const std::string& arm : out.arms) {  // warms up the file cache
    const auto unused = bench::run_arm(job, arm, setup, 1, 42);
    if (!unused) return fail(unused.error());
  }
  const auto count = static_cast<std::int64_t>(out.arms.size());
  for (std::int64_t round = 0; round < options.rounds; ++round) {
    for (std::int64_t turn = 0; turn < count; ++turn) {
      const std::string& arm = out.arms[static_cast<std::size_t>((round + turn) % count)];
      Result<Figures> run = bench::run_arm(job, arm, setup, out.epochs, 42 + round);
      if (!run) return fail(run.error());
      run->round = round;
      if (!out.runs.empty() && run->num_steps != out.runs.front().num_steps) {
        return fail(error(Code::BenchFailed, {}, "'{}' took {} steps an epoch, '{}' {}", arm,
                          run->num_steps.front(), out.runs.front().arm,
                          out.runs.front().num_steps.front()));
      }
      context.tell(fmt::format("{} round {}/{}: {} {:.3f} ms a step\n", job.name, round + 1,
                               options.rounds, arm, run->step_ms.back()));
      out.runs.push_back(*std::move(run));
    }
  }
  return out;
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  ::gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::string first_line(const fs::path& program, const std::vector<std::string>& words) {
  ProcessSpec spec;
  spec.program = program.string();
  spec.arguments = words;
  const Result<Captured> told = run_captured(spec);
  return told && told->status.ok() ? told->output.substr(0, told->output.find('\n')) : "unknown";
}

Result<nlohmann::json> read_report(const std::string& name, const Context& context) {
  const Result<std::string> text = read_file(context.folder / name);
  if (!text) return fail(text.error());
  nlohmann::json out = nlohmann::json::parse(*text, nullptr, false);
  if (out.is_object()) return out;
  return fail(error(Code::BadCommandLine, {}, "'{}' is no report of `fdl bench --out`", name));
}

// `--table`: nothing is measured.
Result<std::string> document_of(const Options& options, const fs::path& root,
                                const Context& context) {
  std::vector<bench::NamedReport> reports;
  for (const std::string& name : options.jobs) {
    const auto told = read_report(name, context);
    if (!told) return fail(told.error());
    auto report = bench::from_json(*told, name);
    if (!report) return fail(report.error());
    reports.push_back({fs::path(name).stem().string(), *std::move(report)});
  }
  if (reports.empty()) {
    return fail(error(Code::BadCommandLine, {}, "--table needs files that --out has written")
                    .help("`fdl bench --table bench/results/reports/*.json`"));
  }
  const Result<std::string> readme = read_file(root / "bench/README.md");
  if (!readme) return fail(readme.error());
  return bench::to_document(reports, *readme);
}

int show_document(const Options& options, const fs::path& root, Context& context) {
  const Result<std::string> text = document_of(options, root, context);
  if (!text) return context.fail(text.error(), options.json);
  if (options.out.empty()) {
    context.print(*text);
    return 0;
  }
  const Result<void> written = write_atomic(context.folder / options.out, *text);
  return written ? 0 : context.fail(written.error(), options.json);
}

std::string json_of(const Report& report) { return bench::to_json(report).dump(1) + "\n"; }

Result<void> write_files(const Report& report, const Options& options, const Context& context) {
  const auto write = [&](const std::string& path, const std::string& text) -> Result<void> {
    if (path.empty()) return {};
    return write_atomic(context.folder / path, text);
  };
  FDL_TRY(write(options.out, json_of(report)));
  return write(options.html, to_page(report));
}

int finish(const Report& report, const Options& options, Context& context) {
  context.print(options.json ? json_of(report) : bench::to_table(report));
  if (options.check.empty()) return 0;
  const auto former = read_report(options.check, context);
  if (!former) return context.fail(former.error(), options.json);
  const std::vector<std::string> slower = bench::slower_than(report, *former);
  if (slower.empty()) return 0;
  return context.fail(
      error(Code::BenchFailed, {}, "slower than '{}': {}", options.check, fmt::join(slower, "; ")),
      options.json);
}

Result<Plan> plan_of(const Options& options, const fs::path& root) {
  auto jobs = chosen_jobs(options);
  if (!jobs) return fail(jobs.error());
  auto arms = chosen_arms(options);
  if (!arms) return fail(arms.error());
  if (options.rounds < 1 || options.epochs < 0 || options.batch < 0 || options.threads < 0)
    return fail(
        error(Code::BadCommandLine, {}, "--rounds takes a number from 1, the others from 0"));
  if (!options.check.empty() && options.rounds < kFewestChecked) {
    return fail(error(Code::BadCommandLine, {}, "--check needs at least {} rounds, not {}",
                      kFewestChecked, options.rounds)
                    .help("fewer say nothing of how far rounds lie apart"));
  }
  if (options.device != "cpu" && options.device != "cuda") {
    return fail(
        error(Code::BadCommandLine, {}, "--device takes cpu or cuda, not '{}'", options.device));
  }
  if (options.same && arms->size() == 1) {
    return fail(
        error(Code::BadCommandLine, {}, "--same compares with peers, and --peers names none"));
  }
  for (const std::string& arm : *arms) {
    const bench::Arm* peer = bench::find_peer(arm);
    if (options.epochs != 1 || peer == nullptr || !peer->compiles()) continue;
    return fail(error(Code::BadCommandLine, {},
                      "'{}' compiles in its first epoch, and --epochs 1 leaves no other", arm)
                    .help("--epochs 2"));
  }
  Plan out{*std::move(jobs), *std::move(arms), {}};
  out.setup.root = root;
  out.setup.fdl = fs::read_symlink("/proc/self/exe");
  out.setup.python = python_of(options, root);
  out.setup.threads = options.threads > 0
                          ? options.threads
                          : static_cast<std::int64_t>(std::thread::hardware_concurrency());
  out.setup.device = options.device;
  out.setup.batch_size = options.batch;
  out.setup.fashion_mnist = options.data;
  std::error_code ignored;
  if (out.arms.size() > 1 && !fs::exists(out.setup.python, ignored)) {
    return fail(error(Code::CannotStart, {}, "there is no '{}'", out.setup.python.string())
                    .help("`fdl bench --setup-peers` makes it; --python names another with torch; "
                          "--peers none measures fdl alone"));
  }
  return out;
}

int measure_all(const Plan& plan, const Options& options, Context& context) {
  const auto is_tuned = [](const std::string& arm) {
    const bench::Arm* peer = bench::find_peer(arm);
    return peer != nullptr && peer->is_tuned;
  };
  const auto is_jax = [](const std::string& arm) {
    const bench::Arm* peer = bench::find_peer(arm);
    return peer != nullptr && peer->is_jax;
  };
  if (std::any_of(plan.arms.begin(), plan.arms.end(), is_tuned)) {
    if (const auto built = bench::build_tuning(plan.setup); !built)
      return context.fail(built.error(), options.json);
  }
  Report report{now_text(),
                options.rounds,
                plan.setup.threads,
                bench::machine_facts(),
                {},
                bench::command_line(context.words, context.environment)};
  if (plan.setup.device != "cpu") {
    report.machine["gpu"] =
        first_line("nvidia-smi", {"--query-gpu=name,driver_version", "--format=csv,noheader"});
  }
  report.versions["fdl"] = first_line(plan.setup.fdl, {"version"});
  report.versions["tree"] = first_line(
      "git", {"-C", plan.setup.root.string(), "describe", "--always", "--dirty", "--abbrev=7"});
  if (plan.arms.size() > 1)
    report.versions["torch"] =
        first_line(plan.setup.python, {"-c", "import torch; print(torch.__version__)"});
  if (std::any_of(plan.arms.begin(), plan.arms.end(), is_jax))
    report.versions["jax"] =
        first_line(plan.setup.python, {"-c", "import jax; print(jax.__version__)"});
  for (const Job* job : plan.jobs) {
    Result<JobReport> one = measure(*job, plan, options, context);
    if (!one) return context.fail(one.error(), options.json);
    report.jobs.push_back(*std::move(one));
    // After each: what is measured stays when it is broken off.
    if (const auto kept = write_files(report, options, context); !kept)
      return context.fail(kept.error(), options.json);
  }
  return finish(report, options, context);
}

int run(const Options& options, Context& context) {
  const auto root = bench::find_root(context.folder);
  if (!root) {
    return context.fail(error(Code::BadCommandLine, {}, "there is no bench/peers in '{}' or above",
                              context.folder.string())
                            .help("the benchmarks are in fdl's repository: run it there"));
  }
  if (options.setup_peers) return set_up_peers(*root, context);
  if (options.table) return show_document(options, *root, context);
  Options wanted = options;
  if (wanted.quick) wanted.rounds = std::min(wanted.rounds, kFewestChecked);
  Result<Plan> plan = plan_of(wanted, *root);
  if (!plan) return context.fail(plan.error(), options.json);
  // What would change fdl's job and not the peer's.
  for (const auto& [name, value] : context.environment) {
    if (name == "FDL_ENV" || name.starts_with("FDL_SET__")) ::unsetenv(name.c_str());
  }
  const Result<ScratchFolder> scratch = ScratchFolder::make("bench");
  if (!scratch) return context.fail(scratch.error(), options.json);
  plan->setup.work = scratch->path();
  return measure_all(*plan, wanted, context);
}

}  // namespace

CommandSpec bench_command() {
  return command<Options>("bench",
                          "Measure training steps beside other frameworks, the arms taking turns "
                          "in one run.")
      .positional(
          "jobs", &Options::jobs,
          "Which jobs of manifests/bench; by default all. With --table, reports that --out wrote.")
      .option("peers", &Options::peers,
              fmt::format("What to measure beside: some of {} with commas between them, or none.",
                          fmt::join(peer_names(), ", ")))
      .option("rounds", &Options::rounds, "How often each arm runs.")
      .option("epochs", &Options::epochs, "Of one run; each job has its own number.")
      .option("batch", &Options::batch,
              "Most samples in a batch, to scale jobs down on both sides.")
      .option("device", &Options::device, "Where both sides compute: cpu, or cuda, the first GPU.")
      .option("threads", &Options::threads, "By default as many as there are cores.")
      .option("data", &Options::data, "The folder of Fashion-MNIST, for `fashion`.")
      .option("python", &Options::python, "A Python with torch, instead of that of --setup-peers.")
      .flag("setup-peers", &Options::setup_peers, "Make that Python: build/peer, from PyPI.")
      .flag("quick", &Options::quick, "Three rounds of two epochs.")
      .flag("same", &Options::same,
            "Before measuring, hold each peer's losses of 20 steps to fdl's: same weights, batches "
            "and order, no dropout. A row further apart than 1e-4, and than three times what f32 "
            "rounds away, is void.")
      .flag("table", &Options::table,
            "Measure nothing: make the page of reports that stand in place of jobs; --out says "
            "where.")
      .option("out", &Options::out, "Write all figures to a JSON file.")
      .option("html", &Options::html, "Write a page with plots.")
      .option("check", &Options::check,
              "Fail where fdl is clearly slower beside its peer than in such a file.")
      .flag("json", &Options::json, "Print JSON instead of a table.")
      .example("fdl bench --setup-peers")
      .example(
          "fdl bench mlp gated_routing --peers torch,torch-compile --rounds 10 --html bench.html")
      .example("fdl bench --quick --batch 8 --check bench/results/reports/bench.json")
      .example("fdl bench --table bench/results/reports/*.json --out docs/benchmarks.md")
      .runs(run);
}

}  // namespace fdl::commands
