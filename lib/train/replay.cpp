// Computes the batch again that a run had saved.
#include "lib/train/replay.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/train/gradient_sum.h"
#include "lib/train/session.h"

namespace fdl::train {
namespace {

namespace fs = std::filesystem;

Diagnostic unreadable(const fs::path& path) {
  return error(Code::NoReplay, {}, "'{}' does not tell where its batch was", path.string())
      .help("start the run again: it saves its batch anew");
}

bool read_integers(const nlohmann::json& from,
                   std::initializer_list<std::pair<const char*, std::int64_t*>> wanted) {
  if (!from.is_object()) return false;
  for (const auto& [key, out] : wanted) {
    const auto found = from.find(key);
    if (found == from.end() || !found->is_number_integer()) return false;
    *out = found->get<std::int64_t>();
    if (*out < 0) return false;
  }
  return true;
}

}  // namespace

Result<std::optional<Diagnostic>> Session::replay() {
  const fs::path folder = replay_folder(setup_.run), facts = folder / kReplayFacts;
  std::error_code ignored;
  if (!fs::exists(facts, ignored)) {
    return fail(error(Code::NoReplay, {}, "'{}' has no saved batch", setup_.run.string())
                    .help("a run that ends at a value that is not finite saves its batch"));
  }
  const Result<std::string> text = read_file(facts);
  if (!text) return fail(text.error());
  const nlohmann::json from = nlohmann::json::parse(*text, nullptr, false);
  data::Batch batch;
  const bool whole = read_integers(from, {{"step", &state_.step},
                                          {"position", &state_.position},
                                          {"epoch", &batch.position.epoch},
                                          {"batch", &batch.position.batch},
                                          {"first_row", &batch.first_row},
                                          {"samples_before", &num_samples_}});
  const auto scale = from.find("loss_scale");
  if (!whole || scale == from.end() || !scale->is_number()) return fail(unreadable(facts));
  state_.loss_scale.scale = scale->get<double>();
  FDL_TRY(store_.load(folder / kReplayModel));
  auto fields = tensor::load_tensors(folder / kReplayBatch);
  if (!fields) return fail(fields.error());
  if (fields->size() < train_->num_fields()) return fail(unreadable(facts));
  for (std::size_t i = 0; i < fields->size(); ++i) {
    const auto found = std::find_if(fields->begin(), fields->end(), [&](const auto& t) {
      return t.name == train_->field_name(i) && t.value.dim() > 0;
    });
    if (found == fields->end()) return fail(unreadable(facts));
    batch.fields.push_back(found->value);
    batch.num_samples = found->value.size(0);
  }
  batch_ = &batch;
  const fs::path carried = folder / kReplayCarried;
  if (fs::exists(carried, ignored)) {
    FDL_TRY(carried_.load(carried));
    FDL_TRY(check_position());
  } else {
    FDL_TRY(carried_.begin(batch.num_samples, true));
  }
  const Carried before = carried_;
  Totals unused = train_->empty_totals();
  const Result<optim::Evaluation> here = evaluate_batch(carried_, unused);
  std::optional<Diagnostic> out;
  if (here && !(std::isfinite(here->loss) && all_finite(here->gradients)))
    out = trace_not_finite(*here, before);
  batch_ = nullptr;
  if (!here) return fail(here.error());
  return out;
}

Result<std::optional<Diagnostic>> replay(const graph::Graph& graph, const job::Job& job,
                                         const TrainSetup& setup, const EventLog& events) {
  Result<std::unique_ptr<Session>> session = Session::open(graph, job, setup, events);
  if (!session) return fail(session.error());
  return (*session)->replay();
}

}  // namespace fdl::train
