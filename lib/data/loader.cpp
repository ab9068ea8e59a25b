#include "lib/data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>

#include <ATen/ops/empty.h>

#include "lib/data/order.h"

// A ring of slots, one for each batch that is being made, waits, or is in use. Batch n, counted
// from the start, always has slot n % size. A worker claims the next number under the lock and
// fills its slot without it.
namespace fdl::data {
namespace {

using Order = std::shared_ptr<const std::vector<std::int64_t>>;

struct Slot {
  std::vector<at::Tensor> whole;  // of the largest batch
  Batch batch;
  Order order;
  bool is_ready = false;
};

}  // namespace

std::int64_t batches_per_epoch(std::int64_t num_samples, const LoaderSpec& spec) {
  return (num_samples + (spec.drop_last ? 0 : spec.batch_size - 1)) / spec.batch_size;
}

std::vector<FieldTransform> field_transforms(const job::Job& job, const Dataset& dataset,
                                             bool is_training) {
  std::vector<FieldTransform> out;
  for (const FieldValues& field : dataset.fields)
    out.emplace_back(job, field.name, field.values.scalar_type(), is_training);
  return out;
}

struct Loader::State {
  const Dataset& dataset;
  const std::vector<FieldTransform> transforms;
  const LoaderSpec spec;
  const std::int64_t num_batches;  // of an epoch

  std::mutex mutex;
  std::condition_variable changed;
  bool is_stopping = false;
  Position claim;  // the next batch that a worker takes
  Order order;     // of the epoch of `claim`
  std::int64_t num_claimed = 0;
  std::int64_t num_given = 0;  // the last one given is still in use
  std::vector<Slot> slots;
  std::vector<std::thread> workers;

  State(const Dataset& samples, std::vector<FieldTransform> field_transforms, const LoaderSpec& s)
      : dataset(samples),
        transforms(std::move(field_transforms)),
        spec(s),
        num_batches(batches_per_epoch(samples.num_samples(), s)) {}

  bool is_end() const { return num_batches == 0 || claim.epoch >= spec.num_epochs; }
  bool has_room() const {
    const std::int64_t in_use = num_given > 0 ? 1 : 0;
    return num_claimed - num_given + in_use < static_cast<std::int64_t>(slots.size());
  }
  Slot& slot_of(std::int64_t number) {
    return slots[static_cast<std::size_t>(number) % slots.size()];
  }

  void allocate(Slot& slot) const {
    const std::int64_t largest = std::min(spec.batch_size, dataset.num_samples());
    for (std::size_t i = 0; i < dataset.fields.size(); ++i) {
      std::vector<std::int64_t> sizes = dataset.fields[i].values.sizes().vec();
      sizes.front() = largest;
      slot.whole.push_back(at::empty(sizes, transforms[i].output_dtype()));
    }
  }

  // Takes the next batch's place; call with the lock held.
  Slot& claim_slot() {
    if (!order) {
      std::vector<std::int64_t> rows;
      if (spec.shuffle) {
        rows = shuffled(dataset.num_samples(), spec.seed, claim.epoch);
      } else {
        rows.resize(dataset.rows.size());
        std::iota(rows.begin(), rows.end(), 0);
      }
      order = std::make_shared<const std::vector<std::int64_t>>(std::move(rows));
    }
    Slot& slot = slot_of(num_claimed++);
    slot.is_ready = false;
    slot.order = order;
    slot.batch.position = claim;
    slot.batch.first_row = claim.batch * spec.batch_size;
    slot.batch.num_samples =
        std::min(spec.batch_size, dataset.num_samples() - slot.batch.first_row);
    if (++claim.batch == num_batches) {
      claim = {claim.epoch + 1, 0};
      order.reset();
    }
    return slot;
  }

  void fill(Slot& slot) const {
    const Batch& batch = slot.batch;
    for (std::size_t i = 0; i < dataset.fields.size(); ++i) {
      const at::Tensor& values = dataset.fields[i].values;
      const std::int64_t num_elements = values.numel() / std::max<std::int64_t>(values.size(0), 1);
      const auto from_bytes = static_cast<std::size_t>(num_elements) * values.element_size();
      const auto to_bytes = static_cast<std::size_t>(num_elements) * slot.whole[i].element_size();
      const auto* from = static_cast<const std::byte*>(values.const_data_ptr());
      auto* to = static_cast<std::byte*>(slot.whole[i].mutable_data_ptr());
      for (std::int64_t k = 0; k < batch.num_samples; ++k) {
        const auto at = static_cast<std::size_t>((*slot.order)[batch.first_row + k]);
        const auto row = static_cast<std::size_t>(dataset.rows[at]);
        transforms[i].apply(from + row * from_bytes, to, num_elements);
        to += to_bytes;
      }
    }
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return is_stopping || is_end() || has_room(); });
      if (is_stopping || is_end()) return;
      Slot& slot = claim_slot();
      lock.unlock();
      fill(slot);
      lock.lock();
      slot.is_ready = true;
      changed.notify_all();
    }
  }
};

Loader::Loader(const Dataset& dataset, std::vector<FieldTransform> transforms,
               const LoaderSpec& spec, Position start)
    : state_(std::make_unique<State>(dataset, std::move(transforms), spec)) {
  state_->claim = start.batch < state_->num_batches ? start : Position{start.epoch + 1, 0};
  state_->slots.resize(static_cast<std::size_t>(spec.workers > 0 ? spec.prefetch + 1 : 1));
  for (Slot& slot : state_->slots) state_->allocate(slot);
  for (std::int64_t i = 0; i < spec.workers; ++i)
    state_->workers.emplace_back([state = state_.get()] { state->work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
  }
  state_->changed.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

const Batch* Loader::next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  if (s.num_given == s.num_claimed && s.is_end()) return nullptr;
  Slot& slot = s.slot_of(s.num_given++);
  if (s.workers.empty()) {
    s.fill(s.claim_slot());
  } else {
    s.changed.notify_all();  // the former batch's slot is free
    s.changed.wait(lock, [&] { return s.num_claimed >= s.num_given && slot.is_ready; });
  }
  slot.batch.fields.clear();
  for (const at::Tensor& whole : slot.whole)
    slot.batch.fields.push_back(whole.narrow(0, 0, slot.batch.num_samples));
  return &slot.batch;
}

}  // namespace fdl::data
