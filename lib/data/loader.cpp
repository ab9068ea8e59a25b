#include "lib/data/loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <numeric>
#include <optional>
#include <pthread.h>
#include <thread>

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/util/accumulate.h>

#include "lib/data/order.h"

// A ring of slots, one for each batch that is being made, waits, or is in use, in the order of
// batches. Who makes one, a worker or who asks for it, claims the next number under the lock and
// fills its slot without it.
namespace fdl::data {
namespace {

using Order = std::shared_ptr<const std::vector<std::int64_t>>;

// What a thread needs to read samples.
struct Hand {
  Scratch scratch;
  std::vector<SampleView> views;
  FieldTransform::Buffers buffers;

  explicit Hand(std::size_t num_fields) : scratch(num_fields), views(num_fields) {}
};

struct Slot {
  std::vector<at::Tensor> whole;  // flat, of the largest batch
  Batch batch;
  Order order;
  bool is_ready = false;
  std::optional<Diagnostic> failure;
  // For a ragged field, the length of each sample of the batch.
  std::vector<std::vector<std::int64_t>> lengths;
  std::vector<Hand> hands;  // one for each thread at it
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
  struct SampleSize {
    std::int64_t num_elements, num_elements_out;  // as the source has it, and transformed
    std::size_t num_bytes;                        // transformed
  };

  const Dataset& dataset;
  const std::vector<FieldTransform> transforms;
  const LoaderSpec spec;
  const std::shared_ptr<const BatchMixer> mixer;
  const std::int64_t num_batches;         // of an epoch
  const std::vector<SampleSize> longest;  // of each field
  // To ask for it takes as long as a quick batch.
  const int num_processors = static_cast<int>(std::thread::hardware_concurrency());

  std::mutex mutex;
  std::condition_variable has_changed;  // workers wait for room, or the end
  std::condition_variable is_made;      // next() waits for its batch
  bool is_stopping = false, is_awaited = false;
  Position claim;  // the next batch that a worker takes
  Order order;     // of the epoch of `claim`
  std::int64_t num_claimed = 0;
  std::int64_t num_given = 0;   // the last one given is still in use
  std::int64_t num_wanted = 0;  // ahead
  double fill_s = 1;            // about the shortest of late
  std::vector<Slot> slots;
  std::size_t first_slot = 0;  // that of batch 0
  std::vector<std::thread> workers;

  State(const Dataset& samples, std::vector<FieldTransform> field_transforms, const LoaderSpec& s,
        std::shared_ptr<const BatchMixer> batch_mixer)
      : dataset(samples),
        transforms(std::move(field_transforms)),
        spec(s),
        mixer(std::move(batch_mixer)),
        num_batches(batches_per_epoch(samples.num_samples(), s)),
        longest(longest_sizes()) {}

  // Whether who asks for a batch makes it: all processors compute, and a thread that takes one from
  // them delays a small step by more than a quick batch takes.
  bool makes_here() const {
    constexpr double kQuick_s = 500e-6;
    return !spec.for_gpu && fill_s < kQuick_s && at::get_num_threads() >= num_processors;
  }

  bool is_end() const { return num_batches == 0 || claim.epoch >= spec.num_epochs; }
  bool has_room() const {
    const std::int64_t in_use = num_given > 0 ? 1 : 0;
    return num_claimed - num_given + in_use < static_cast<std::int64_t>(slots.size());
  }
  std::int64_t num_ahead() const { return num_claimed - num_given; }
  Slot& slot_of(std::int64_t number) {
    return slots[(static_cast<std::size_t>(number) + first_slot) % slots.size()];
  }

  const std::vector<Layout>& layout() const { return dataset.source->layout(); }

  // `length`: of a ragged field.
  SampleSize size_of(std::size_t field, std::int64_t length) const {
    const FieldTransform& transform = transforms[field];
    const std::int64_t num_elements = layout()[field].num_elements(length),
                       num_out = transform.output_elements(num_elements);
    return {num_elements, num_out,
            static_cast<std::size_t>(num_out) * c10::elementSize(transform.output_dtype())};
  }
  std::vector<SampleSize> longest_sizes() const {
    std::vector<SampleSize> out;
    for (std::size_t i = 0; i < layout().size(); ++i)
      out.push_back(size_of(i, layout()[i].sizes.empty() ? 1 : layout()[i].sizes.front()));
    return out;
  }
  std::int64_t largest_batch() const { return std::min(spec.batch_size, dataset.num_samples()); }

  // Of small batches, whose steps may be shorter than a scheduler's turn, more are made ahead than
  // the job asks for, as far as they are cheap to hold.
  std::int64_t make_ahead() const {
    constexpr std::int64_t kMostBytes = 8 << 20, kMost = 24;
    std::int64_t num_bytes = 1;
    for (const SampleSize& one : longest)
      num_bytes += largest_batch() * static_cast<std::int64_t>(one.num_bytes);
    return std::max(spec.prefetch, std::min(kMost, kMostBytes / num_bytes));
  }

  // Batches used up before threads are woken to make as many: more of them would keep a processor
  // from who computes, for as long as several small steps.
  std::int64_t num_at_once() const { return std::min<std::int64_t>(4, (num_wanted + 1) / 2); }

  void allocate(Slot& slot) const {
    for (std::size_t i = 0; i < layout().size(); ++i)
      slot.whole.push_back(
          at::empty({largest_batch() * longest[i].num_elements_out},
                    at::TensorOptions(transforms[i].output_dtype()).pinned_memory(spec.for_gpu)));
    slot.lengths.resize(layout().size());
    slot.hands.emplace_back(layout().size());
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

  bool is_ragged() const {
    return std::any_of(layout().begin(), layout().end(),
                       [](const Layout& one) { return one.field.is_ragged(); });
  }

  // Reads samples [first, last) of a batch to where `to` says, one behind the other.
  Result<void> read_some(Slot& slot, Hand& hand, std::int64_t first, std::int64_t last,
                         std::vector<std::byte*> to) const {
    constexpr std::int64_t kAhead = 8;  // samples: as many as a core can wait for at a time
    const auto begin = slot.order->begin() + slot.batch.first_row;
    std::transform(begin + first, begin + last, slot.batch.rows.begin() + first,
                   [&](std::int64_t at) { return dataset.rows[static_cast<std::size_t>(at)]; });
    const auto row_of = [&](std::int64_t k) {
      return slot.batch.rows[static_cast<std::size_t>(k)];
    };
    for (std::int64_t k = first; k < std::min(first + kAhead, last); ++k)
      dataset.source->expect(row_of(k));
    for (std::int64_t k = first; k < last; ++k) {
      if (k + kAhead < last) dataset.source->expect(row_of(k + kAhead));
      const std::int64_t row = row_of(k);
      const SampleKey key{spec.seed, slot.batch.position.epoch, row};
      FDL_TRY(dataset.source->read(row, hand.scratch, hand.views));
      for (std::size_t i = 0; i < layout().size(); ++i) {
        const bool is_ragged = layout()[i].field.is_ragged();
        const SampleSize size = is_ragged ? size_of(i, hand.views[i].length) : longest[i];
        transforms[i].apply(hand.views[i].bytes, to[i], size.num_elements, key, hand.buffers);
        to[i] += size.num_bytes;
        if (is_ragged) slot.lengths[i].push_back(transforms[i].output_length(hand.views[i].length));
      }
    }
    return {};
  }

  // Reads the samples of a batch one behind the other, however long each is. `shares`: among all
  // threads, where each sample's place is known.
  Result<void> read(Slot& slot, bool shares) const {
    slot.batch.rows.resize(static_cast<std::size_t>(slot.batch.num_samples));
    for (auto& lengths : slot.lengths) lengths.clear();
    const auto places = [&](std::int64_t sample) {
      std::vector<std::byte*> out;
      for (const SampleSize& one : longest)
        out.push_back(static_cast<std::byte*>(slot.whole[out.size()].mutable_data_ptr()) +
                      static_cast<std::size_t>(sample) * one.num_bytes);
      return out;
    };
    const std::int64_t num = slot.batch.num_samples;
    if (!shares || is_ragged()) return read_some(slot, slot.hands.front(), 0, num, places(0));
    while (slot.hands.size() < static_cast<std::size_t>(at::get_num_threads()))
      slot.hands.emplace_back(layout().size());
    std::mutex failing;
    std::optional<std::pair<std::int64_t, Diagnostic>> failure;  // of the first that fails
    at::parallel_for(0, num, at::divup(num, at::get_num_threads()),
                     [&](std::int64_t first, std::int64_t last) {
                       Hand& hand = slot.hands[static_cast<std::size_t>(at::get_thread_num())];
                       const Result<void> done = read_some(slot, hand, first, last, places(first));
                       if (done) return;
                       const std::lock_guard lock(failing);
                       if (!failure || first < failure->first) failure = {first, done.error()};
                     });
    if (failure) return fail(std::move(failure->second));
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

  Result<void> fill(Slot& slot, bool shares) const {
    FDL_TRY(read(slot, shares));
    const bool fits = !slot.batch.fields.empty() && !is_ragged() && !mixer &&
                      slot.batch.fields.front().size(0) == slot.batch.num_samples;
    if (fits) return {};  // views of the same places
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

  // Claims the next batch and makes it, without the lock that it is called with. `shares`: with all
  // threads that compute.
  void make_next(std::unique_lock<std::mutex>& lock, bool shares) {
    constexpr double kForgets = 1.1;  // a batch that took longer, by a scheduler's doing
    Slot& slot = claim_slot();
    lock.unlock();
    const auto start = std::chrono::steady_clock::now();
    const Result<void> filled = fill(slot, shares);
    if (!filled) slot.failure = filled.error();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    lock.lock();
    fill_s = std::min(took.count(), fill_s * kForgets);
    slot.is_ready = true;
  }

  void work() {
    // To be woken is no reason to interrupt who computes: there are batches left then.
    const sched_param of_batches = {};
    static_cast<void>(pthread_setschedparam(pthread_self(), SCHED_BATCH, &of_batches));
    std::unique_lock lock(mutex);
    for (;;) {
      has_changed.wait(lock, [&] { return is_stopping || is_end() || has_room(); });
      if (is_stopping || is_end()) return;
      make_next(lock, false);
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
  // With nothing ahead the slot that gets free serves again: it lies in the processor's caches.
  if (s.num_given == s.num_claimed && s.num_given > 0)
    s.first_slot = (s.first_slot + s.slots.size() - 1) % s.slots.size();
  Slot& slot = s.slot_of(s.num_given++);
  const bool is_claimed = s.num_claimed >= s.num_given;
  // To wake a thread costs as much as a small step: not for each batch.
  const bool wakes = !is_claimed || s.num_wanted - s.num_ahead() >= s.num_at_once();
  if (wakes && !s.makes_here()) s.has_changed.notify_all();
  if (!is_claimed) s.make_next(lock, s.makes_here());
  s.is_awaited = true;
  s.is_made.wait(lock, [&] { return slot.is_ready; });
  s.is_awaited = false;
  if (slot.failure) return fail(*slot.failure);
  return &slot.batch;
}

const Batch* Loader::ahead() {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  if (s.num_claimed == s.num_given) return nullptr;
  const Slot& slot = s.slot_of(s.num_given);
  return slot.is_ready && !slot.failure ? &slot.batch : nullptr;
}

}  // namespace fdl::data
