#include "lib/data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <numeric>
#include <optional>
#include <pthread.h>
#include <thread>

#include <ATen/Dispatch.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/util/accumulate.h>

#include "lib/data/order.h"

// A ring of slots, one for each batch that is being made, waits, or is in use. Batch n, counted
// from the start, always has slot n % size. A worker claims the next number under the lock and
// fills its slot without it.
namespace fdl::data {
namespace {

using Order = std::shared_ptr<const std::vector<std::int64_t>>;

struct Slot {
  std::vector<at::Tensor> whole;  // flat, of the largest batch
  Batch batch;
  Order order;
  bool is_ready = false;
  std::optional<Diagnostic> failure;
  // For a ragged field, the length of each sample of the batch; scratch of the source.
  std::vector<std::vector<std::int64_t>> lengths;
  Scratch scratch;
  std::vector<SampleView> views;
  FieldTransform::Buffers buffers;
};

template <typename T>
void fill_with(std::byte* from, std::size_t num_bytes, double value) {
  auto* elements = reinterpret_cast<T*>(from);
  std::fill_n(elements, num_bytes / sizeof(T), static_cast<T>(value));
}

void fill_pad(at::ScalarType dtype, std::byte* from, std::size_t num_bytes, double pad) {
  if (num_bytes == 0) return;
  AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, dtype, "pad",
                             [&] { fill_with<scalar_t>(from, num_bytes, pad); });
}

}  // namespace

std::int64_t batches_per_epoch(std::int64_t num_samples, const LoaderSpec& spec) {
  return spec.limit.of((num_samples + (spec.drop_last ? 0 : spec.batch_size - 1)) /
                       spec.batch_size);
}

std::int64_t samples_per_epoch(std::int64_t num_samples, const LoaderSpec& spec) {
  return std::min(num_samples, batches_per_epoch(num_samples, spec) * spec.batch_size);
}

std::vector<FieldTransform> field_transforms(const job::Job& job, const Dataset& dataset,
                                             bool is_training) {
  std::vector<FieldTransform> out;
  for (const Layout& layout : dataset.source->layout()) out.emplace_back(job, layout, is_training);
  return out;
}

struct Loader::State {
  const Dataset& dataset;
  const std::vector<FieldTransform> transforms;
  const LoaderSpec spec;
  const std::shared_ptr<const BatchMixer> mixer;
  const std::int64_t num_batches;  // of an epoch

  std::mutex mutex;
  std::condition_variable has_changed;  // workers wait for room, or the end
  std::condition_variable is_made;      // next() waits for its batch
  bool is_stopping = false, is_awaited = false;
  Position claim;  // the next batch that a worker takes
  Order order;     // of the epoch of `claim`
  std::int64_t num_claimed = 0;
  std::int64_t num_given = 0;   // the last one given is still in use
  std::int64_t num_wanted = 0;  // ahead
  std::vector<Slot> slots;
  std::vector<std::thread> workers;

  State(const Dataset& samples, std::vector<FieldTransform> field_transforms, const LoaderSpec& s,
        std::shared_ptr<const BatchMixer> batch_mixer)
      : dataset(samples),
        transforms(std::move(field_transforms)),
        spec(s),
        mixer(std::move(batch_mixer)),
        num_batches(batches_per_epoch(samples.num_samples(), s)) {}

  bool is_end() const { return num_batches == 0 || claim.epoch >= spec.num_epochs; }
  bool has_room() const {
    const std::int64_t in_use = num_given > 0 ? 1 : 0;
    return num_claimed - num_given + in_use < static_cast<std::int64_t>(slots.size());
  }
  std::int64_t num_ahead() const { return num_claimed - num_given; }
  Slot& slot_of(std::int64_t number) {
    return slots[static_cast<std::size_t>(number) % slots.size()];
  }

  const std::vector<Layout>& layout() const { return dataset.source->layout(); }

  std::int64_t largest_elements(std::size_t field) const {
    return std::min(spec.batch_size, dataset.num_samples()) *
           transforms[field].output_elements(layout()[field].num_elements());
  }

  // Of small batches, whose steps may be shorter than a scheduler's turn, more are made ahead than
  // the job asks for, as far as they are cheap to hold.
  std::int64_t make_ahead() const {
    constexpr std::int64_t kMostBytes = 8 << 20, kMost = 24;
    std::int64_t num_bytes = 1;
    for (std::size_t i = 0; i < layout().size(); ++i)
      num_bytes += largest_elements(i) *
                   static_cast<std::int64_t>(c10::elementSize(transforms[i].output_dtype()));
    return std::max(spec.prefetch, std::min(kMost, kMostBytes / num_bytes));
  }

  // Batches used up before threads are woken to make as many: more of them would keep a processor
  // from who computes, for as long as several small steps.
  std::int64_t num_at_once() const { return std::min<std::int64_t>(4, (num_wanted + 1) / 2); }

  void allocate(Slot& slot) const {
    for (std::size_t i = 0; i < layout().size(); ++i)
      slot.whole.push_back(at::empty({largest_elements(i)}, transforms[i].output_dtype()));
    slot.lengths.resize(layout().size());
    slot.scratch.resize(layout().size());
    slot.views.resize(layout().size());
  }

  std::vector<std::int64_t> order_of(std::int64_t epoch) const {
    if (spec.repeats_first_epoch) epoch = 0;
    if (spec.shuffle && dataset.sampling)
      return dataset.sampling->order(spec.seed, epoch, spec.batch_size);
    if (spec.shuffle) return shuffled(dataset.num_samples(), spec.seed, epoch);
    std::vector<std::int64_t> out(dataset.rows.size());
    std::iota(out.begin(), out.end(), 0);
    return out;
  }

  // Takes the next batch's place; call with the lock held.
  Slot& claim_slot() {
    if (!order) order = std::make_shared<const std::vector<std::int64_t>>(order_of(claim.epoch));
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

  // Reads the samples of a batch one behind the other, however long each is.
  Result<void> read(Slot& slot) const {
    std::vector<std::byte*> to;
    for (std::size_t i = 0; i < layout().size(); ++i) {
      to.push_back(static_cast<std::byte*>(slot.whole[i].mutable_data_ptr()));
      slot.lengths[i].clear();
    }
    slot.batch.rows.clear();
    for (std::int64_t k = 0; k < slot.batch.num_samples; ++k) {
      const auto at = static_cast<std::size_t>((*slot.order)[slot.batch.first_row + k]);
      slot.batch.rows.push_back(dataset.rows[at]);
      const SampleKey key{spec.seed, slot.batch.position.epoch, dataset.rows[at]};
      FDL_TRY(dataset.source->read(dataset.rows[at], slot.scratch, slot.views));
      for (std::size_t i = 0; i < layout().size(); ++i) {
        const std::int64_t num_elements = layout()[i].num_elements(slot.views[i].length);
        transforms[i].apply(slot.views[i].bytes, to[i], num_elements, key, slot.buffers);
        to[i] += static_cast<std::size_t>(transforms[i].output_elements(num_elements)) *
                 slot.whole[i].element_size();
        slot.lengths[i].push_back(transforms[i].output_length(slot.views[i].length));
      }
    }
    return {};
  }

  // Moves samples of different lengths apart, the last one first, and fills up the shorter ones.
  void spread(Slot& slot, std::size_t field, std::int64_t longest) const {
    const at::Tensor& whole = slot.whole[field];
    auto* const start = static_cast<std::byte*>(whole.mutable_data_ptr());
    const auto bytes_of = [&](std::int64_t length) {
      return static_cast<std::size_t>(layout()[field].num_elements(length)) * whole.element_size();
    };
    std::size_t from = 0;
    for (const std::int64_t length : slot.lengths[field]) from += bytes_of(length);
    for (std::size_t k = slot.lengths[field].size(); k-- > 0;) {
      const std::size_t num_bytes = bytes_of(slot.lengths[field][k]);
      from -= num_bytes;
      std::byte* const to = start + k * bytes_of(longest);
      std::memmove(to, start + from, num_bytes);
      fill_pad(whole.scalar_type(), to + num_bytes, bytes_of(longest) - num_bytes,
               layout()[field].field.pad);
    }
  }

  static at::Tensor mask_of(const std::vector<std::int64_t>& lengths, std::int64_t longest) {
    at::Tensor out = at::zeros({static_cast<std::int64_t>(lengths.size()), longest}, at::kBool);
    auto* to = out.mutable_data_ptr<bool>();
    for (std::size_t k = 0; k < lengths.size(); ++k)
      std::fill_n(to + static_cast<std::int64_t>(k) * longest, lengths[k], true);
    return out;
  }

  Result<void> fill(Slot& slot) const {
    FDL_TRY(read(slot));
    slot.batch.fields.clear();
    for (std::size_t i = 0; i < layout().size(); ++i) {
      std::vector<std::int64_t> sizes = transforms[i].output_sizes();
      if (layout()[i].field.is_ragged()) {
        sizes.front() = *std::max_element(slot.lengths[i].begin(), slot.lengths[i].end());
        spread(slot, i, sizes.front());
      }
      sizes.insert(sizes.begin(), slot.batch.num_samples);
      const std::int64_t num_elements = c10::multiply_integers(sizes);
      slot.batch.fields.push_back(slot.whole[i].narrow(0, 0, num_elements).view(sizes));
    }
    for (std::size_t i = layout().size(); i < dataset.fields.size(); ++i) {
      std::size_t of = 0;
      while (layout()[of].field.name != dataset.fields[i].mask_of) ++of;
      slot.batch.fields.push_back(mask_of(slot.lengths[of], slot.batch.fields[of].size(1)));
    }
    const Position& at = slot.batch.position;
    if (mixer) FDL_TRY(mixer->apply(slot.batch.fields, {spec.seed, at.epoch, at.batch}));
    return {};
  }

  void fill_or_fail(Slot& slot) const {
    const Result<void> filled = fill(slot);
    if (!filled) slot.failure = filled.error();
  }

  void work() {
    // To be woken is no reason to interrupt who computes: there are batches left then.
    const sched_param of_batches = {};
    static_cast<void>(pthread_setschedparam(pthread_self(), SCHED_BATCH, &of_batches));
    std::unique_lock lock(mutex);
    for (;;) {
      has_changed.wait(lock, [&] { return is_stopping || is_end() || has_room(); });
      if (is_stopping || is_end()) return;
      Slot& slot = claim_slot();
      lock.unlock();
      fill_or_fail(slot);
      lock.lock();
      slot.is_ready = true;
      if (is_awaited) is_made.notify_one();
    }
  }
};

Loader::Loader(const Dataset& dataset, std::vector<FieldTransform> transforms,
               const LoaderSpec& spec, Position start, std::shared_ptr<const BatchMixer> mixer)
    : state_(std::make_unique<State>(dataset, std::move(transforms), spec, std::move(mixer))) {
  state_->claim = start.batch < state_->num_batches ? start : Position{start.epoch + 1, 0};
  state_->num_wanted = spec.workers > 0 ? state_->make_ahead() : 0;
  state_->slots.resize(static_cast<std::size_t>(state_->num_wanted + 1));
  for (Slot& slot : state_->slots) state_->allocate(slot);
  for (std::int64_t i = 0; i < spec.workers; ++i)
    state_->workers.emplace_back([state = state_.get()] { state->work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
  }
  state_->has_changed.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

Result<const Batch*> Loader::next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  if (s.num_given == s.num_claimed && s.is_end()) return nullptr;
  Slot& slot = s.slot_of(s.num_given++);
  if (s.workers.empty()) {
    s.fill_or_fail(s.claim_slot());
  } else {
    const auto is_there = [&] { return s.num_claimed >= s.num_given && slot.is_ready; };
    // To wake a thread costs as much as a small step: not for each batch.
    if (!is_there() || s.num_wanted - s.num_ahead() >= s.num_at_once()) s.has_changed.notify_all();
    s.is_awaited = true;
    s.is_made.wait(lock, is_there);
    s.is_awaited = false;
  }
  if (slot.failure) return fail(*slot.failure);
  return &slot.batch;
}

}  // namespace fdl::data
