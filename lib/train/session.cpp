// Opening a session: what it is made of, and going on from a checkpoint.
#include "lib/train/session.h"

#include <algorithm>

#include "lib/base/files.h"
#include "lib/format/checkpoint_manifest.h"
#include "lib/graph/description.h"
#include "lib/job/run_folder.h"
#include "lib/train/initial_weights.h"

namespace fdl::train {
namespace {

namespace fs = std::filesystem;

fs::path checkpoints_of(const TrainSetup& setup) { return setup.run / "checkpoints"; }

// FDL5202 that names how the checkpoint's graph differs, as far as it was recorded.
Diagnostic other_model(const fs::path& checkpoint, const graph::Graph& graph) {
  constexpr std::size_t kMostNamed = 5;
  const Result<std::string> text = read_file(checkpoint / "graph.json");
  const auto recorded = text ? graph::parse_description(*text) : std::nullopt;
  std::vector<std::string> found;
  if (recorded) found = graph::differences(*recorded, graph::describe(graph), {"there", "here"});
  Diagnostic d = error(Code::CheckpointMismatch, {}, "'{}' belongs to another model{}",
                       checkpoint.string(), found.empty() ? "" : ": " + found.front());
  for (std::size_t i = 1; i < std::min(found.size(), kMostNamed); ++i)
    d.notes.push_back({found[i], {}});
  if (found.size() > kMostNamed)
    d.notes.push_back({fmt::format("and {} more differences", found.size() - kMostNamed), {}});
  return std::move(d).help("the run's manifest.yml was changed; start a new run with `fdl run`");
}

// All that is trained on at some time, `train` first.
Result<std::vector<std::unique_ptr<Split>>> load_training(const graph::Graph& graph,
                                                          const job::Job& job) {
  std::vector<std::unique_ptr<Split>> out;
  for (const job::DataSplit* split : job.find_splits("train")) {
    Result<Split> loaded = Split::load(*split, job, graph, true);
    if (!loaded) return fail(loaded.error());
    out.push_back(std::make_unique<Split>(*std::move(loaded)));
  }
  return out;
}

// Each kind of device rounds in its own way.
std::string device_kind(at::Device device) { return device.is_cpu() ? "cpu" : "cuda"; }

bool is_of_same_job(const RunState& state, const Totals& empty) {
  const auto is_alike = [](const nn::MetricState& a, const nn::MetricState& b) {
    return a.counts.size() == b.counts.size() && a.sums.size() == b.sums.size();
  };
  return state.losses.size() == empty.losses.size() &&
         std::equal(state.metrics.begin(), state.metrics.end(), empty.metrics.begin(),
                    empty.metrics.end(), is_alike);
}

}  // namespace

data::LoaderSpec train_loader_spec(const job::Job& job, const Split& train,
                                   std::int64_t num_epochs) {
  data::LoaderSpec out;
  out.batch_size = job.training.batch_size;
  out.drop_last = job.loader.drop_last;
  out.shuffle = job.loader.shuffle;
  out.seed = static_cast<std::uint64_t>(job.training.seed);
  out.num_epochs = num_epochs;
  out.limit = train.limit();
  out.for_gpu = !train.device().is_cpu();
  out.workers = job.loader.workers;
  out.prefetch = job.loader.prefetch;
  out.repeats_first_epoch = job.training.overfit_batches > 0;
  return out;
}

Result<Horizon> plan_horizon(const job::Job& job, const graph::Graph& graph, const Split& train,
                             const Done& begin) {
  // Above 1 when the sequences of a model with states are cut.
  const std::int64_t num_calls = calls_per_update(graph, train.num_positions());
  const std::int64_t updates_per_batch =
      std::max<std::int64_t>(1, (train.num_positions() + num_calls - 1) / num_calls);
  Horizon out;
  out.batches_per_epoch =
      data::batches_per_epoch(train.num_samples(), train_loader_spec(job, train, 1));
  const std::int64_t accumulate = job.training.accumulate;
  out.steps_per_epoch = (out.batches_per_epoch + accumulate - 1) / accumulate * updates_per_batch;
  if (out.steps_per_epoch == 0) {
    return fail(error(Code::NoEnd, {}, "an epoch has no batch: {} samples, batch_size {}",
                      train.num_samples(), job.training.batch_size)
                    .help("lower training.batch_size, or set data.loader.drop_last: false"));
  }
  out.total_steps = kEndless;
  if (job.training.epochs) {
    const std::int64_t left = std::max<std::int64_t>(0, *job.training.epochs - begin.epochs);
    out.total_steps = begin.steps + left * out.steps_per_epoch;
  }
  if (job.training.steps) out.total_steps = std::min(out.total_steps, *job.training.steps);
  if (job.training.smoke) out.total_steps = std::min<std::int64_t>(out.total_steps, 1);
  const std::int64_t steps_left = std::max<std::int64_t>(0, out.total_steps - begin.steps);
  out.epochs =
      begin.epochs + steps_left / out.steps_per_epoch + (steps_left % out.steps_per_epoch != 0);
  return out;
}

Session::Session(const graph::Graph& graph, const job::Job& job, const TrainSetup& setup,
                 const EventLog& events, std::vector<std::unique_ptr<Split>> trains)
    : graph_(graph),
      job_(job),
      setup_(setup),
      events_(events),
      trains_(std::move(trains)),
      train_(trains_.front().get()),
      store_(graph, static_cast<std::uint64_t>(job.training.seed), setup.device),
      executor_(graph, store_, compared_values(job.training, graph), job.training.passes),
      groups_(&job.training.groups),
      optimizer_(optim::make_optimizer(job.training.groups, store_.parameters(),
                                       job.training.passes.update)),
      clip_(job.training.clip, store_.parameters()),
      carried_(graph, static_cast<std::uint64_t>(job.training.seed), setup.device),
      writer_(checkpoints_of(setup), job.checkpoints),
      totals_(train_->empty_totals()) {
  state_.threads = setup.threads;
  state_.device = device_kind(setup.device);
  if (!job.observe.what.empty()) observer_.emplace(job.observe, store_.parameters());
  if (job.training.ema) averages_.emplace(*job.training.ema, store_.tensors());
}

Result<std::unique_ptr<Session>> Session::open(const graph::Graph& graph, const job::Job& job,
                                               const TrainSetup& setup, const EventLog& events) {
  // Before the job's own tensors: what is measured then is the machine, and leaves no trace.
  const auto limits = setup.profile ? std::optional(measure_limits(setup.device)) : std::nullopt;
  auto trains = load_training(graph, job);
  if (!trains) return fail(trains.error());
  std::unique_ptr<Session> out(new Session(graph, job, setup, events, *std::move(trains)));
  if (setup.profile) {
    out->limits_ = limits;
    constexpr std::int64_t kWarmupSteps = 3, kTracedSteps = 3;
    out->timer_ =
        std::make_unique<exec::NodeTimer>(graph, kWarmupSteps, kTracedSteps, setup.device);
  }
  for (const auto& train : out->trains_) {
    train->use_tensors(out->store_.tensors());
    train->use_device(setup.device);
  }
  FDL_TRY(out->take_data());
  out->enter_phase();
  const auto vals = job.training.overfit_batches > 0 ? std::vector<const job::DataSplit*>()
                                                     : job.find_splits("val");
  for (const job::DataSplit* val : vals) {
    Result<Split> loaded = Split::load(*val, job, graph, false);
    if (!loaded) return fail(loaded.error());
    out->vals_.push_back(std::move(*loaded));
    out->vals_.back().use_tensors(out->store_.tensors());
    out->vals_.back().use_device(setup.device);
  }
  auto teacher = TeacherModel::open(job, setup.device, &events);
  if (!teacher) return fail(teacher.error());
  out->teacher_ = *std::move(teacher);
  for (const auto& train : out->trains_) train->use_teacher(out->teacher_.get());
  for (Split& val : out->vals_) val.use_teacher(out->teacher_.get());
  if (job.samples.n > 0) {
    Result<SampleKeeper> keeper = SampleKeeper::open(graph, job, out->store_);
    if (!keeper) return fail(keeper.error());
    out->samples_.emplace(*std::move(keeper));
  }
  FDL_TRY(make_folders(checkpoints_of(setup)));
  remove_unfinished(checkpoints_of(setup));
  const Result<bool> resumed = setup.resume ? out->resume() : Result<bool>(false);
  if (!resumed) return fail(resumed.error());
  if (!*resumed && !setup.replay) FDL_TRY(load_initial_weights(graph, out->store_, &events));
  if (!*resumed && out->averages_) out->averages_->restart();
  return out;
}

Result<bool> Session::resume() {
  const std::vector<fs::path> whole = job::whole_checkpoints({setup_.run});
  if (!whole.empty()) FDL_TRY(restore(whole.front()));
  FDL_TRY(events_.cut_back(whole.empty() ? -1 : state_.step));
  return !whole.empty();
}

Result<void> Session::restore(const fs::path& checkpoint) {
  const auto manifest = format::read_checkpoint_manifest(checkpoint);
  if (!manifest) return fail(manifest.error());
  if (manifest->graph_hash != graph_.hash()) return fail(other_model(checkpoint, graph_));
  Result<RunState> state = read_run_state(checkpoint);
  if (!state) return fail(state.error());
  if (state->threads != setup_.threads) {
    return fail(error(Code::ResumeMismatch, {},
                      "the run was made with {} threads and cannot go on with the same bits on {}",
                      state->threads, setup_.threads)
                    .help("set FDL_THREADS={}", state->threads));
  }
  if (state->device != state_.device) {
    return fail(error(Code::ResumeMismatch, {},
                      "the run was made on a '{}' device and cannot go on with the same bits on a "
                      "'{}' one",
                      state->device, state_.device)
                    .help("set training.device={}", state->device));
  }
  const bool is_same_job = is_of_same_job(*state, totals_);
  if (!is_same_job) {
    return fail(error(Code::ResumeMismatch, {}, "'{}' was made with other losses or metrics",
                      checkpoint.string())
                    .help("the run's manifest.yml was changed; start a new run with `fdl run`"));
  }
  FDL_TRY(store_.load(checkpoint / "model.safetensors"));
  if (averages_) FDL_TRY(averages_->load(checkpoint / kAveragesFile));
  const fs::path carried = checkpoint / "carried.safetensors";
  std::error_code ignored;
  if (fs::exists(carried, ignored)) FDL_TRY(carried_.load(carried));
  const auto num_phases = static_cast<std::int64_t>(job_.training.phases.size());
  if (state->phase.index >= std::max<std::int64_t>(1, num_phases)) {
    return fail(error(Code::ResumeMismatch, {}, "'{}' is from a phase that this run does not have",
                      checkpoint.string())
                    .help("the run's manifest.yml was changed; start a new run with `fdl run`"));
  }
  state_ = std::move(*state);
  FDL_TRY(take_data());
  enter_phase();
  FDL_TRY(optimizer_->load(checkpoint / "optimizer.safetensors"));
  seconds_before_ = saved_s_ = state_.seconds;
  saved_step_ = state_.step;
  measured_step_ = state_.step;
  totals_ = {state_.losses, state_.metrics};
  return {};
}

Result<TrainEnd> train(const graph::Graph& graph, const job::Job& job, const TrainSetup& setup,
                       const EventLog& events) {
  Result<std::unique_ptr<Session>> session = Session::open(graph, job, setup, events);
  if (!session) return fail(session.error());
  return (*session)->run();
}

}  // namespace fdl::train
