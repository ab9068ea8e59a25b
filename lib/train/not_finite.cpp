// Where a number that is not finite came from: the data, the first step of the model, or the first
// parameter whose gradient has one.
#include <cmath>

#include <ATen/ops/isfinite.h>
#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/train/gradient_sum.h"
#include "lib/train/replay.h"
#include "lib/train/session.h"

namespace fdl::train {
namespace {

bool is_finite(const at::Tensor& t) {
  return !t.defined() || !at::isFloatingType(t.scalar_type()) || at::isfinite(t).all().item<bool>();
}

// "nan" or "inf": what `t` has first.
const char* first_bad(const at::Tensor& t) { return t.isnan().any().item<bool>() ? "nan" : "inf"; }

// Rows of the batch that have something else than finite numbers.
std::vector<std::int64_t> bad_rows(const at::Tensor& field) {
  std::vector<std::int64_t> out;
  for (std::int64_t row = 0; row < field.size(0); ++row) {
    if (!is_finite(field[row])) out.push_back(row);
  }
  return out;
}

// Of "f32[N, ...]", the first few numbers.
std::string some(const std::vector<std::int64_t>& numbers) {
  constexpr std::size_t kMost = 8;
  const std::size_t count = std::min(numbers.size(), kMost);
  std::string out = fmt::format("{}", fmt::join(numbers.begin(), numbers.begin() + count, ", "));
  return count < numbers.size() ? out + ", ..." : out;
}

}  // namespace

// Notes on the first place in the order of computing, which is where to look.
Diagnostic Session::trace_not_finite(const optim::Evaluation& here, Carried carried) {
  const bool is_loss = !std::isfinite(here.loss);
  Diagnostic out =
      is_loss
          ? error(Code::LossNotFinite, {}, "the loss of step {} is {}", state_.step + 1, here.loss)
          : error(Code::ValueNotFinite, {}, "a gradient of step {} is not finite", state_.step + 1);
  for (std::size_t i = 0; i < batch_->fields.size(); ++i) {
    const std::vector<std::int64_t> rows = bad_rows(batch_->fields[i]);
    if (rows.empty()) continue;
    out.notes.push_back(
        {fmt::format("the data has it: '{}' of {} {} of the batch is not finite",
                     train_->field_name(i), rows.size() == 1 ? "sample" : "samples", some(rows)),
         {}});
  }
  const graph::Node* first = nullptr;
  std::string what;
  executor_.set_watch([&](const graph::Node& node, const std::vector<at::Tensor>& outputs) {
    for (const at::Tensor& value : outputs) {
      if (first != nullptr || is_finite(value)) continue;
      first = &node;
      what = first_bad(value);
    }
  });
  Totals unused = train_->empty_totals();
  const auto calls = forward(carried, unused);
  executor_.set_watch({});
  if (!calls) return calls.error();
  if (first != nullptr) {
    out.notes.push_back(
        {fmt::format("'{}' is the first step that gives {}", first->path, what), first->span});
    out.node = first->path;
  } else if (is_loss) {
    out.notes.push_back(
        {"every step of the model gives finite numbers: the loss itself does not", {}});
  }
  std::vector<std::string> bad;
  for (std::size_t i = 0; i < here.gradients.size(); ++i) {
    if (!is_finite(here.gradients[i])) bad.push_back(store_.parameters()[i].name);
  }
  if (!bad.empty())
    out.notes.push_back(
        {fmt::format("of {} parameters the gradient is not finite; the first is '{}'", bad.size(),
                     bad.front()),
         {}});
  return out;
}

Diagnostic Session::not_finite(const optim::Evaluation& here, const Before& before) {
  // The forward may have spoiled running statistics: the copy that is saved is from after it, but
  // they have no part in the forward of training.
  Diagnostic out = trace_not_finite(here, before.carried);
  const Result<void> saved = save_replay(before.carried);
  if (saved)
    out.notes.push_back(
        {fmt::format("`fdl run --replay {}` computes this batch again", setup_.run.string()), {}});
  else
    out.notes.push_back({"the batch could not be saved: " + saved.error().message, {}});
  return std::move(out).help(
      "lower the learning rate, clip gradients, or look at the data; the weights of the last "
      "checkpoint are from before this step");
}

Result<void> Session::save_replay(const Carried& carried) const {
  FDL_TRY(make_folders(replay_folder(setup_.run)));
  std::vector<tensor::NamedTensor> fields;
  for (std::size_t i = 0; i < batch_->fields.size(); ++i)
    fields.push_back({train_->field_name(i), batch_->fields[i]});
  const nlohmann::ordered_json facts = {{"step", state_.step},
                                        {"position", state_.position},
                                        {"epoch", batch_->position.epoch},
                                        {"batch", batch_->position.batch},
                                        {"first_row", batch_->first_row},
                                        {"samples_before", num_samples_},
                                        {"samples", batch_->rows},
                                        {"loss_scale", state_.loss_scale.scale}};
  const std::filesystem::path folder = replay_folder(setup_.run);
  FDL_TRY(tensor::save_tensors(folder / kReplayBatch, tensor::snapshot(fields)));
  FDL_TRY(tensor::save_tensors(folder / kReplayModel, tensor::snapshot(store_.tensors())));
  if (carried.num_samples() > 0)
    FDL_TRY(tensor::save_tensors(folder / kReplayCarried, tensor::snapshot(carried.named())));
  return write_atomic(folder / kReplayFacts, facts.dump(1) + "\n");
}

}  // namespace fdl::train
