#include "commands/bench/arms.h"

#include <algorithm>
#include <cstdlib>

#include "commands/bench/energy.h"
#include "commands/bench/programs.h"
#include "lib/base/files.h"
#include "lib/monitor/event.h"
#include "lib/monitor/step_figures.h"

namespace fdl::commands::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Result<Figures> bad_output(const std::string& what) {
  return fail(error(Code::BenchFailed, {}, "{}", what));
}

// A number, or one that is written as a text because it is not finite.
std::optional<double> number(const json& from, const char* key) {
  const auto found = from.find(key);
  if (found == from.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return std::strtod(found->get<std::string>().c_str(), nullptr);
  return found->get<double>();
}

constexpr std::pair<std::vector<double> Figures::*, const char*> kOfEpochs[] = {
    {&Figures::step_ms_p50, monitor::kStepQuantiles[0].name},
    {&Figures::step_ms_p95, monitor::kStepQuantiles[1].name},
    {&Figures::step_ms_p99, monitor::kStepQuantiles[2].name},
    {&Figures::data_wait_percent, monitor::kDataWaitPercent},
};

// A list for the epochs; absent where the arm does not measure it.
void take_epochs(const json& from, Figures& to) {
  for (const auto& [figures, name] : kOfEpochs) {
    const auto found = from.find(name);
    if (found != from.end()) to.*figures = found->get<std::vector<double>>();
  }
}

Result<Figures> figures_of_script(const Ended& ended) {
  const json told = json::parse(ended.last_line(), nullptr, false);
  try {
    Figures out;
    out.threads = told.at("threads");
    out.step_ms = told.at("step_ms").get<std::vector<double>>();
    out.num_steps = told.at("num_steps").get<std::vector<std::int64_t>>();
    take_epochs(told, out);
    out.first_step_s = number(told, "first_step_s");
    // Its own word: Python's end touches 120 MiB more of torch's libraries.
    out.peak_rss_mib = told.at("peak_rss_mib");
    out.peak_gpu_mib = number(told, "peak_gpu_mib");
    out.final_loss = number(told, "final_loss").value_or(0);
    out.test_accuracy = number(told, "test_accuracy");
    out.total_s = ended.wall_s;
    return out;
  } catch (const json::exception&) {
    return bad_output("the script's last line is not what a peer prints");
  }
}

Result<Figures> run_script(const Job& job, const Arm& arm, const Setup& setup, std::int64_t epochs,
                           std::int64_t seed) {
  const Result<Ended> ended = run_program(peer_program(job, arm, setup, epochs, seed), setup);
  if (!ended) return fail(ended.error());
  return figures_of_script(*ended);
}

// What the only run below `output_dir` recorded.
Result<Figures> figures_of_run(const fs::path& run) {
  const Result<std::string> text = read_file(run / "events.jsonl");
  if (!text) return fail(text.error());
  Figures out;
  bool is_done = false;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    const auto event = monitor::parse_event(std::string_view(*text).substr(begin, end - begin));
    begin = end + 1;
    if (!event) continue;
    if (event->kind == "start")
      out.threads = static_cast<std::int64_t>(event->number("threads").value_or(0));
    if (event->kind == "progress" && event->number("step") == 1.0) out.first_step_s = event->time_s;
    if (event->kind == "end") is_done = event->texts.at("reason") == "done";
    if (event->kind != "epoch") continue;
    const double steps = event->number("num_steps").value_or(1);
    out.step_ms.push_back(1e3 * event->number("train_seconds").value_or(0) / steps);
    out.num_steps.push_back(static_cast<std::int64_t>(steps));
    for (const auto& [figures, name] : kOfEpochs)
      (out.*figures).push_back(event->number(name).value_or(0));
    out.final_loss = event->number("train/loss").value_or(0);
    out.peak_gpu_mib = event->number(monitor::kPeakGpuMib);
  }
  if (is_done && !out.step_ms.empty()) return out;
  return bad_output("the run '" + run.string() + "' is not done");
}

Result<Figures> run_own(const Job& job, const std::vector<std::string>& settings,
                        const Setup& setup, std::int64_t epochs, std::int64_t seed) {
  ProcessSpec spec = own_program(job, setup, epochs, seed, settings);
  const Result<Ended> ended = run_program(spec, setup);
  if (!ended) return fail(ended.error());
  const fs::path folder = own_run(setup);
  Result<Figures> out = figures_of_run(folder);
  if (!out) return out;
  out->total_s = ended->wall_s;
  out->peak_rss_mib = ended->peak_rss_mib;
  if (job.splits.empty()) return out;
  // The scripts test within their process, so the time of a second one counts as ours.
  spec.arguments = {"eval", folder.string(), "--data", "test", "--json"};
  const Result<Ended> tested = run_program(std::move(spec), setup);
  if (!tested) return fail(tested.error());
  out->total_s += tested->wall_s;
  out->test_accuracy = number(json::parse(tested->output, nullptr, false), "test/accuracy");
  return out;
}

}  // namespace

const std::vector<Arm>& peers() {
  static const std::vector<Arm> kPeers = {
      {"torch", "PyTorch eager, its optimizer as PyTorch makes it", {"--arm", "default"}},
      {"torch-fused", "and with `fused=True`", {"--arm", "fused"}},
      {"torch-tuned",
       "and with MKL's best kernels and freed memory kept, as fdl-engine has them built in",
       {"--arm", "fused"},
       true},
      {"torch-last",
       "and with the model and its images in channels last, as fdl computes where there are no "
       "matrix tiles",
       {"--arm", "last"},
       true},
      {"torch-compile", "through `torch.compile`, with the fused optimizer", {"--arm", "compile"}},
      {"torch-compile-max",
       "through `torch.compile` with `mode=\"max-autotune\"`, with the fused optimizer",
       {"--arm", "compile-max"}},
      {"torch-compile-graphs",
       "through `torch.compile` with `mode=\"reduce-overhead\"`, with the fused optimizer: CUDA "
       "graphs on a GPU",
       {"--arm", "compile-graphs"}},
      {"jax",
       "JAX: one jitted step; of the jobs made of products and norms",
       {"--arm", "jit"},
       false,
       true},
      {"fdl-bf16",
       "fdl with `precision: bf16`",
       {"training.precision=bf16"},
       false,
       false,
       true,
       true},
      {"fdl-no-tiles",
       "fdl with `compile: {products: false}`: its f32 products are MKL's on every CPU",
       {"training.compile.products=false"},
       false,
       false,
       true},
      {"fdl-any-order",
       "fdl with `deterministic: false`: on a GPU convolutions and sums by their fastest kernels",
       {"training.deterministic=false"},
       false,
       false,
       true},
      {"torch-bf16",
       "PyTorch eager under autocast to bfloat16, with the fused optimizer",
       {"--arm", "bf16"},
       false,
       false,
       false,
       true},
  };
  return kPeers;
}

const Arm* find_peer(std::string_view name) {
  const auto it = std::find_if(peers().begin(), peers().end(),
                               [&](const Arm& arm) { return arm.name == name; });
  return it == peers().end() ? nullptr : &*it;
}

nlohmann::ordered_json Figures::to_json() const {
  nlohmann::ordered_json out = {{"arm", arm},
                                {"round", round},
                                {"threads", threads},
                                {"step_ms", step_ms},
                                {"num_steps", num_steps},
                                {"total_s", total_s},
                                {"peak_rss_mib", peak_rss_mib},
                                {"final_loss", final_loss},
                                {"load_before", load_before}};
  for (const auto& [figures, name] : kOfEpochs) {
    if (!(this->*figures).empty()) out[name] = this->*figures;
  }
  if (peak_gpu_mib) out["peak_gpu_mib"] = *peak_gpu_mib;
  if (energy_j) out["energy_j"] = *energy_j;
  if (first_step_s) out["first_step_s"] = *first_step_s;
  if (test_accuracy) out["test_accuracy"] = *test_accuracy;
  return out;
}

Figures Figures::from_json(const json& run) {
  Figures out;
  out.arm = run.at("arm");
  out.round = run.at("round");
  out.threads = run.at("threads");
  out.step_ms = run.at("step_ms").get<std::vector<double>>();
  out.num_steps = run.at("num_steps").get<std::vector<std::int64_t>>();
  take_epochs(run, out);
  out.total_s = run.at("total_s");
  out.peak_rss_mib = run.at("peak_rss_mib");
  out.peak_gpu_mib = number(run, "peak_gpu_mib");
  out.final_loss = number(run, "final_loss").value_or(0);
  out.load_before = run.at("load_before");
  out.energy_j = number(run, "energy_j");
  out.first_step_s = number(run, "first_step_s");
  out.test_accuracy = number(run, "test_accuracy");
  return out;
}

Result<Figures> run_arm(const Job& job, const std::string& arm, const Setup& setup,
                        std::int64_t epochs, std::int64_t seed) {
  double load = 0;
  ::getloadavg(&load, 1);
  const EnergyMeter meter;
  const Arm* peer = find_peer(arm);
  const bool is_own = arm == kOwnArm || peer->is_own;
  Result<Figures> out =
      is_own ? run_own(job, peer == nullptr ? std::vector<std::string>() : peer->words, setup,
                       epochs, seed)
             : run_script(job, *peer, setup, epochs, seed);
  if (!out) return out;
  out->energy_j = meter.joules();
  if (out->threads != setup.threads) {
    return fail(error(Code::BenchFailed, {}, "'{}' ran with {} threads, expected {}", arm,
                      out->threads, setup.threads));
  }
  out->arm = arm;
  out->load_before = load;
  return out;
}

Result<void> build_tuning(const Setup& setup) {
  ProcessSpec spec;
  spec.program = "cc";
  spec.arguments = {"-shared",
                    "-fPIC",
                    "-O2",
                    "-o",
                    (setup.work / "mkl_dispatch.so").string(),
                    "bench/peers/mkl_dispatch.c"};
  const Result<Ended> ended = run_program(std::move(spec), setup);
  if (!ended) return fail(ended.error());
  return {};
}

}  // namespace fdl::commands::bench
