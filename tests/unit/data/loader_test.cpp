#include "lib/data/loader.h"

#include <chrono>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include "lib/data/order.h"
#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

using Samples = std::vector<std::int64_t>;

std::vector<FieldTransform> no_transforms(const Dataset& dataset) {
  return field_transforms(job::Job(), dataset, true);
}

Samples samples_of(const Batch& batch) {
  Samples out;
  const at::Tensor& x = batch.fields.front();
  REQUIRE(x.size(0) == batch.num_samples);
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const float* row = x.const_data_ptr<float>() + 2 * i;
    CHECK(row[1] == -row[0]);
    out.push_back(static_cast<std::int64_t>(row[0]));
  }
  return out;
}

// All batches that a loader gives.
std::vector<Samples> drain(const Dataset& dataset, const LoaderSpec& spec, Position start = {}) {
  Loader loader(dataset, no_transforms(dataset), spec, start);
  std::vector<Samples> out;
  while (const Batch* batch = loader.next().value()) out.push_back(samples_of(*batch));
  CHECK(loader.next().value() == nullptr);
  return out;
}

LoaderSpec shuffling() {
  LoaderSpec out;
  out.batch_size = 4;
  out.shuffle = true;
  out.seed = 9;
  out.num_epochs = 3;
  return out;
}

}  // namespace

TEST_CASE("evaluation goes through all samples in order, with an uneven last batch") {
  LoaderSpec spec;
  spec.batch_size = 4;
  const auto batches = drain(testing::counting_dataset(10), spec);
  CHECK(batches == std::vector<Samples>{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}});
}

TEST_CASE("drop_last leaves out the uneven batch; a batch may be larger than the data") {
  LoaderSpec spec;
  spec.batch_size = 4;
  spec.drop_last = true;
  CHECK(drain(testing::counting_dataset(10), spec).size() == 2);
  CHECK(drain(testing::counting_dataset(3), spec).empty());
  spec.drop_last = false;
  CHECK(drain(testing::counting_dataset(3), spec) == std::vector<Samples>{{0, 1, 2}});
}

TEST_CASE("training visits each epoch in the order of its own") {
  const Dataset dataset = testing::counting_dataset(10);
  const auto batches = drain(dataset, shuffling());
  REQUIRE(batches.size() == 9);
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    Samples all;
    for (std::size_t i = 0; i < 3; ++i)
      all.insert(all.end(), batches[3 * epoch + i].begin(), batches[3 * epoch + i].end());
    CHECK(all == shuffled(10, 9, static_cast<std::int64_t>(epoch)));
  }
}

TEST_CASE("threads and prefetching change nothing") {
  const Dataset dataset = testing::counting_dataset(103);
  const auto expected = drain(dataset, shuffling());
  for (const std::int64_t workers : {0, 1, 2, 5}) {
    for (const std::int64_t prefetch : {1, 2, 8}) {
      LoaderSpec spec = shuffling();
      spec.workers = workers;
      spec.prefetch = prefetch;
      CHECK(drain(dataset, spec) == expected);
    }
  }
}

TEST_CASE("a loader goes on from any position with the same batches") {
  const Dataset dataset = testing::counting_dataset(10);
  const auto all = drain(dataset, shuffling());
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    for (std::int64_t batch = 0; batch < 3; ++batch) {
      const auto rest = drain(dataset, shuffling(), {epoch, batch});
      CHECK(rest == std::vector<Samples>(all.begin() + 3 * epoch + batch, all.end()));
    }
  }
}

TEST_CASE("a batch keeps its content until the next one is asked for") {
  LoaderSpec spec = shuffling();
  spec.workers = 3;
  const Dataset dataset = testing::counting_dataset(400);
  Loader loader(dataset, no_transforms(dataset), spec);
  while (const Batch* batch = loader.next().value()) {
    const Samples before = samples_of(*batch);
    for (int i = 0; i < 50; ++i) REQUIRE(samples_of(*batch) == before);
  }
}

// Each batch that is ahead, and the one at hand, has a place of its own.
TEST_CASE("the batch ahead is the one that comes next, and stays until the call after it") {
  const Dataset dataset = testing::counting_dataset(24);
  LoaderSpec spec = shuffling();
  spec.workers = 1;
  spec.prefetch = 2;
  Loader loader(dataset, no_transforms(dataset), spec);
  int num_seen = 0;
  for (const Batch* batch = loader.next().value(); batch != nullptr;) {
    const Samples own = samples_of(*batch);
    const Batch* ahead = loader.ahead();
    const bool is_last = batch->position.epoch == 2 && batch->position.batch == 5;
    while (ahead == nullptr && !is_last) {  // the worker is at it
      std::this_thread::yield();
      ahead = loader.ahead();
    }
    const Samples expected = ahead == nullptr ? Samples() : samples_of(*ahead);
    CHECK(samples_of(*batch) == own);
    batch = loader.next().value();
    CHECK((batch == nullptr) == is_last);
    if (batch == nullptr) break;
    CHECK(batch == ahead);
    CHECK(samples_of(*batch) == expected);
    ++num_seen;
  }
  CHECK(num_seen == 3 * 6 - 1);
  spec.workers = 0;  // nothing is made before it is asked for
  Loader by_call(dataset, no_transforms(dataset), spec);
  CHECK(by_call.ahead() == nullptr);
  REQUIRE(by_call.next().value() != nullptr);
  CHECK(by_call.ahead() == nullptr);
}

TEST_CASE("small batches are made further ahead than asked, large ones are not") {
  const auto num_places = [](std::int64_t num_samples, std::int64_t batch_size) {
    const Dataset dataset = testing::counting_dataset(num_samples);
    LoaderSpec spec;
    spec.batch_size = batch_size;
    spec.prefetch = 2;
    Loader loader(dataset, no_transforms(dataset), spec);
    std::set<const void*> out;
    while (const Batch* batch = loader.next().value()) {
      out.insert(batch->fields.front().const_data_ptr());
      std::this_thread::sleep_for(std::chrono::microseconds(300));  // for those who make the next
    }
    return out.size();
  };
  // With a processor to spare; see below.
  const int threads = at::get_num_threads();
  const auto all = static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(std::max(1, all - 1));
  if (all > 1) CHECK(num_places(1000, 4) == 25);
  at::set_num_threads(threads);
  constexpr std::int64_t kLarge = 1 << 19;  // 4 MiB
  CHECK(num_places(4 * kLarge, kLarge) == 3);
}

namespace {

// Tells who reads its samples.
class WatchedSource : public Source {
 public:
  explicit WatchedSource(std::chrono::microseconds delay)
      : Source({{{"x", {catalog::DType::F32, {}}, 0, 0, ""}, at::kFloat, {}}}), delay_(delay) {}
  std::int64_t num_samples() const override { return 400; }
  Result<void> read(std::int64_t, Scratch&, std::span<SampleView> out) const override {
    static constexpr float kOne = 1;
    out[0] = {reinterpret_cast<const std::byte*>(&kOne), 0};
    std::this_thread::sleep_for(delay_);
    const std::lock_guard lock(mutex_);
    ++reads_[std::this_thread::get_id()];
    return {};
  }
  std::int64_t by_this_thread() const { return reads_[std::this_thread::get_id()]; }

 private:
  std::chrono::microseconds delay_;
  mutable std::mutex mutex_;
  mutable std::map<std::thread::id, std::int64_t> reads_;
};

}  // namespace

TEST_CASE("quick batches are made by who asks for them where all processors compute") {
  const int threads = at::get_num_threads();
  const auto reads_here = [](std::chrono::microseconds delay, int num_threads) {
    at::set_num_threads(num_threads);
    const auto source = std::make_shared<WatchedSource>(delay);
    Dataset dataset;
    dataset.source = source;
    dataset.fields = {source->layout().front().field};
    dataset.rows.resize(400);
    std::iota(dataset.rows.begin(), dataset.rows.end(), 0);
    LoaderSpec spec;
    spec.batch_size = 2;
    Loader loader(dataset, no_transforms(dataset), spec);
    while (loader.next().value() != nullptr) {
      // Time for a thread to make the next ones.
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    return source->by_this_thread();
  };
  const int all = static_cast<int>(std::thread::hardware_concurrency());
  CHECK(reads_here({}, all) > 100);
  CHECK(reads_here(std::chrono::milliseconds(1), all) < 50);
  if (all > 1) CHECK(reads_here({}, all - 1) < 50);
  at::set_num_threads(threads);
}

TEST_CASE("a loader can go away before its end") {
  const Dataset dataset = testing::counting_dataset(1000);
  LoaderSpec spec = shuffling();
  spec.workers = 2;
  Loader unread(dataset, no_transforms(dataset), spec);
  Loader started(dataset, no_transforms(dataset), spec);
  CHECK(started.next().value() != nullptr);
}

namespace {

// Fails at one of its samples.
class BrokenSource : public Source {
 public:
  BrokenSource() : Source({{{"x", {catalog::DType::F32, {}}, 0, 0, ""}, at::kFloat, {}}}) {}
  std::int64_t num_samples() const override { return 10; }
  Result<void> read(std::int64_t row, Scratch&, std::span<SampleView> out) const override {
    static constexpr float kOne = 1;
    out[0] = {reinterpret_cast<const std::byte*>(&kOne), 0};
    if (row == 5) return fail(error(Code::DataCorrupt, {}, "sample 5 is broken"));
    return {};
  }
};

}  // namespace

TEST_CASE("what a source cannot read comes out where its batch would") {
  Dataset dataset;
  dataset.source = std::make_shared<BrokenSource>();
  dataset.fields = {dataset.source->layout().front().field};
  dataset.rows.resize(10);
  std::iota(dataset.rows.begin(), dataset.rows.end(), 0);
  for (const std::int64_t workers : {0, 1, 3}) {
    LoaderSpec spec;
    spec.batch_size = 2;
    CAPTURE(workers);
    spec.workers = workers;
    Loader loader(dataset, no_transforms(dataset), spec);
    CHECK(loader.next().has_value());
    CHECK(loader.next().has_value());
    const auto broken = loader.next();
    REQUIRE(!broken.has_value());
    CHECK(broken.error().code == Code::DataCorrupt);
  }
}

}  // namespace fdl::data
