#include "lib/data/cache.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>

#include <doctest/doctest.h>

#include "lib/data/cached_rows.h"
#include "lib/data/kept_rows.h"
#include "lib/data/picture_file.h"
#include "tests/temporary_folder.h"
#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

enum class Lengths { Differ, Same };

// Sequences of 0 to 4 numbers, or of 4, with a label, made up when they are asked for; counts how
// often.
class CountingSource : public Source {
 public:
  explicit CountingSource(Lengths lengths = Lengths::Differ)
      : Source({{{"x", {catalog::DType::F32, {length_of(lengths)}}}, at::kFloat, {4}},
                {{"y", {catalog::DType::I64, {}}, 5}, at::kLong, {}}}) {}
  std::int64_t num_samples() const override { return 100; }
  bool is_costly() const override { return true; }
  Result<void> read(std::int64_t row, Scratch& scratch, std::span<SampleView> out) const override {
    ++num_reads;
    const std::int64_t length = layout()[0].field.is_ragged() ? row % 5 : 4;
    scratch[0].resize(static_cast<std::size_t>(length) * sizeof(float));
    for (std::int64_t i = 0; i < length; ++i)
      reinterpret_cast<float*>(scratch[0].data())[i] = static_cast<float>(row * 10 + i);
    scratch[1].resize(sizeof(std::int64_t));
    *reinterpret_cast<std::int64_t*>(scratch[1].data()) = row;
    out[0] = {scratch[0].data(), length};
    out[1] = {scratch[1].data(), 0};
    return {};
  }
  mutable std::atomic<int> num_reads = 0;

 private:
  static catalog::Dim length_of(Lengths lengths) {
    return lengths == Lengths::Same ? catalog::Dim(4) : catalog::Dim::named("T");
  }
};

Kept kept_of(std::shared_ptr<const Source> source, std::vector<std::int64_t> rows) {
  Kept out{std::move(source), {}, std::move(rows)};
  for (const Layout& layout : out.source->layout())
    out.fronts.push_back(FieldTransform(job::Job(), layout, true).front());
  return out;
}

bool is_row(const Source& source, std::int64_t row) {
  Scratch scratch(2);
  std::vector<SampleView> views(2);
  if (!source.read(row, scratch, views)) return false;
  const std::int64_t length = source.layout()[0].field.is_ragged() ? row % 5 : 4;
  if (source.layout()[0].field.is_ragged() && views[0].length != length) return false;
  const auto* numbers = reinterpret_cast<const float*>(views[0].bytes);
  for (std::int64_t i = 0; i < length; ++i) {
    if (numbers[i] != static_cast<float>(row * 10 + i)) return false;
  }
  return *reinterpret_cast<const std::int64_t*>(views[1].bytes) == row;
}

const std::vector<std::int64_t> kRows = {7, 3, 99, 0, 50, 3};

std::vector<std::int64_t> all_rows() {
  std::vector<std::int64_t> out(100);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

std::string bytes_in(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::shared_ptr<const Source> on_disk(std::shared_ptr<const Source> source,
                                      std::vector<std::int64_t> rows, const fs::path& file) {
  auto out = cached_on_disk(kept_of(std::move(source), std::move(rows)), file, 2);
  REQUIRE(out.has_value());
  return *std::move(out);
}

std::ptrdiff_t num_files_in(const fs::path& folder) {
  return fs::is_directory(folder) ? std::distance(fs::directory_iterator(folder), {}) : 0;
}

// All batches of two epochs, drawn with the cache between source and transforms.
std::vector<at::Tensor> batches(const testing::CheckedJob& checked, job::Cache cache,
                                const fs::path& folder, std::int64_t workers) {
  job::Job job = checked.job;
  job.loader.cache = cache;
  job.cache_folder = folder;
  Dataset dataset = testing::open_split(checked, "train");
  auto transforms = field_transforms(job, dataset, true);
  REQUIRE(add_cache(*job.find_split("train"), job, dataset, transforms).has_value());
  LoaderSpec spec;
  spec.batch_size = 7;
  spec.shuffle = true;
  spec.num_epochs = 2;
  spec.workers = workers;
  spec.prefetch = 3;
  Loader loader(dataset, std::move(transforms), spec);
  std::vector<at::Tensor> out;
  for (;;) {
    const Result<const Batch*> batch = loader.next();
    REQUIRE(batch.has_value());
    if (*batch == nullptr) return out;
    for (const at::Tensor& field : (*batch)->fields) out.push_back(field.clone());
  }
}

void check_all_ways(const testing::CheckedJob& checked, const fs::path& folder) {
  const auto plain = batches(checked, job::Cache::None, folder, 1);
  CHECK(num_files_in(folder) == 0);
  for (const std::int64_t workers : {0, 1, 4}) {
    for (const job::Cache cache : {job::Cache::Auto, job::Cache::Memory, job::Cache::Disk}) {
      const auto other = batches(checked, cache, folder, workers);
      REQUIRE(other.size() == plain.size());
      for (std::size_t i = 0; i < plain.size(); ++i) CHECK(other[i].equal(plain[i]));
    }
  }
  CHECK(num_files_in(folder) == 1);
}

}  // namespace

TEST_CASE("in memory each sample is read once, and others are read as they are") {
  auto source = std::make_shared<CountingSource>();
  SUBCASE("of one length") { source = std::make_shared<CountingSource>(Lengths::Same); }
  SUBCASE("of many") {}
  const auto cached = cached_in_memory(kept_of(source, kRows), nullptr);
  for (int turn = 0; turn < 3; ++turn) {
    for (const std::int64_t row : kRows) CHECK(is_row(*cached, row));
  }
  CHECK(source->num_reads == 5);
  CHECK(is_row(*cached, 4));
  CHECK(is_row(*cached, 4));
  CHECK(source->num_reads == 7);
  CHECK(cached->num_samples() == 100);
}

TEST_CASE("rows without gaps, which need not begin at the first, are found where they stand") {
  const Places range({12, 10, 11, 10}), gaps({10, 12, 15}), none({});
  for (std::int64_t row = -1; row < 20; ++row) {
    CAPTURE(row);
    for (const Places* places : {&range, &gaps, &none}) {
      const std::vector<std::int64_t>& rows = places->rows();
      const auto found = places->find(row);
      const auto exact = std::find(rows.begin(), rows.end(), row);
      REQUIRE(found.has_value() == (exact != rows.end()));
      if (found) CHECK(rows[*found] == row);
    }
  }
}

TEST_CASE("a budget bounds what is kept, and gets it back") {
  auto source = std::make_shared<CountingSource>();
  // Row 0 has a length, no numbers, and a label: 16 bytes, and what finds them.
  auto row_bytes = static_cast<std::int64_t>(16 + sizeof(std::size_t) + sizeof(void*));
  SUBCASE("of rows of one length") {
    source = std::make_shared<CountingSource>(Lengths::Same);
    row_bytes = 24 + 1;
  }
  SUBCASE("of rows of many") {}
  const auto budget = std::make_shared<MemoryBudget>(2 * row_bytes + 1);
  {
    const auto cached = cached_in_memory(kept_of(source, {0, 5, 10, 15}), budget);
    for (int turn = 0; turn < 3; ++turn) {
      for (const std::int64_t row : {0, 5, 10, 15}) CHECK(is_row(*cached, row));
    }
    CHECK(source->num_reads == 2 + 3 * 2);
    CHECK(!budget->take(row_bytes));
  }
  CHECK(budget->take(2 * row_bytes + 1));
  CHECK(!budget->take(1));
}

TEST_CASE("rows of one size may take many pieces of memory, or more than one each") {
  for (const std::int64_t width : {0, 1, 3000, 300'000}) {
    CAPTURE(width);
    Layout layout{{"x", {catalog::DType::F32, {catalog::Dim(width)}}}, at::kFloat, {width}};
    const auto row_bytes = packed_bytes(layout, 0);
    constexpr std::size_t kNum = 100;
    FixedRows rows(kNum, {layout});
    std::vector<std::byte> bytes(row_bytes);
    std::vector<SampleView> out(1);
    for (std::size_t place = 0; place < kNum; place += 3) {
      CHECK(!rows.find(place, out));
      if (width > 0) bytes.back() = static_cast<std::byte>(place);
      CHECK(rows.keep(place, bytes));
      CHECK(!rows.keep(place, bytes));
    }
    for (std::size_t place = 0; place < kNum; ++place) {
      rows.expect(place);
      REQUIRE(rows.find(place, out) == (place % 3 == 0));
      if (place % 3 == 0 && width > 0)
        CHECK(out[0].bytes[row_bytes - 1] == static_cast<std::byte>(place));
    }
  }
}

TEST_CASE("several threads may ask for one row at a time") {
  auto source = std::make_shared<CountingSource>();
  SUBCASE("of one length") { source = std::make_shared<CountingSource>(Lengths::Same); }
  SUBCASE("of many") {}
  const auto cached = cached_in_memory(kept_of(source, all_rows()), nullptr);
  std::vector<std::thread> threads;
  std::atomic<int> num_wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (const std::int64_t row : all_rows()) num_wrong += is_row(*cached, row) ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(num_wrong == 0);
  CHECK(source->num_reads <= 400);
}

TEST_CASE("a file is written once and read after that") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "deep" / "key";
  auto first = std::make_shared<CountingSource>(), second = std::make_shared<CountingSource>();
  const auto written = on_disk(first, all_rows(), file);
  CHECK(first->num_reads == 100);
  for (const std::int64_t row : all_rows()) CHECK(is_row(*written, row));
  CHECK(first->num_reads == 100);
  const auto found = on_disk(second, all_rows(), file);
  for (const std::int64_t row : all_rows()) CHECK(is_row(*found, row));
  CHECK(second->num_reads == 0);
  const auto some = on_disk(second, kRows, folder.path() / "some");
  const int num_reads = second->num_reads;
  CHECK(is_row(*some, 8));
  CHECK(second->num_reads == num_reads + 1);
}

TEST_CASE("several may write one file at a time") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "key";
  std::vector<std::thread> threads;
  std::atomic<int> num_wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto cached =
          cached_on_disk(kept_of(std::make_shared<CountingSource>(), all_rows()), file, 1);
      if (!cached) ++num_wrong;
      for (const std::int64_t row : all_rows())
        num_wrong += cached && is_row(**cached, row) ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(num_wrong == 0);
  CHECK(num_files_in(folder.path()) == 1);
}

TEST_CASE("a file that is cut off, longer, of other rows, or something else is written anew") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "key";
  on_disk(std::make_shared<CountingSource>(), kRows, file);
  const std::string good = bytes_in(file);
  for (std::size_t size = 0; size < good.size(); size += 3)
    for (const std::string& bad : {good.substr(0, size), good + "x", std::string(size, 'x')}) {
      folder.file("key", bad);
      CHECK(is_row(*on_disk(std::make_shared<CountingSource>(), kRows, file), 99));
      CHECK(bytes_in(file) == good);
    }
  on_disk(std::make_shared<CountingSource>(), {1, 2}, file);
  CHECK(bytes_in(file) != good);
}

TEST_CASE("no byte that changed is taken for data, and the file is made again") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "key";
  on_disk(std::make_shared<CountingSource>(), kRows, file);
  const std::string good = bytes_in(file);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x81);
    folder.file("key", bad);
    const auto cached = on_disk(std::make_shared<CountingSource>(), kRows, file);
    for (const std::int64_t row : kRows) CHECK(is_row(*cached, row));
    on_disk(std::make_shared<CountingSource>(), kRows, file);
    CHECK(bytes_in(file) == good);
  }
}

TEST_CASE("a cache that cannot be written is told") {
  const TemporaryFolder folder;
  const fs::path file = folder.file("file", "") / "key";
  const auto cached = cached_on_disk(kept_of(std::make_shared<CountingSource>(), kRows), file, 1);
  REQUIRE(!cached.has_value());
  CHECK(to_string(cached.error().code) == "FDL5002");
}

TEST_CASE("every way of caching gives the batches of none: lists of many lengths") {
  const TemporaryFolder folder;
  std::string lines;
  for (int i = 0; i < 60; ++i) {
    lines += "{\"t\": [" + std::to_string(i);
    for (int k = 0; k < i % 5; ++k) lines += ", " + std::to_string(k);
    lines += "], \"y\": \"" + std::string(i % 3 == 0 ? "a" : "b") + "\"}\n";
  }
  const auto checked = testing::check_job(
      "model:\n  inputs: { t: \"i64[T<=9]\" }\n  flow: [{ embedding: { num: 60, dim: 2 } }, "
      "{ mean: { dim: 1 } }]\ndata:\n  train: { jsonl: " +
      folder.file("t.jsonl", lines).string() +
      ", slice: \"10:\" }\n  transforms: { train: { t: [{ window: { size: 3 } }] } }\n"
      "training: { epochs: 1, loss: cross_entropy, optimizer: adam }\n");
  check_all_ways(checked, folder.path() / "cache");
}

TEST_CASE("every way of caching gives the batches of none: pictures; what changes is seen") {
  const TemporaryFolder folder;
  const auto paint = [&](int i, int shade) {
    PictureFile picture{6, 5, 3, {}};
    for (int k = 0; k < 6 * 5 * 3; ++k)
      picture.pixels.push_back(static_cast<std::uint8_t>(k * 7 + i * 31 + shade));
    const fs::path path = folder.path() / "pictures" / (i % 2 == 0 ? "even" : "odd");
    fs::create_directories(path);
    REQUIRE(write_png(path / (std::to_string(i) + ".png"), picture).has_value());
  };
  for (int i = 0; i < 20; ++i) paint(i, 0);
  const auto job = [&](const std::string& resize) {
    return testing::check_job(
        "model:\n  inputs: { image: \"f32[3, 4, 4]\" }\n  flow: [flatten, { linear: 2 }]\n"
        "data:\n  train: { image_folder: " +
        (folder.path() / "pictures").string() +
        " }\n  transforms:\n    all: { image: [{ resize: [" + resize +
        "] }, to_f32] }\n    train: { image: [{ random_crop: { size: 4 } }, random_hflip, "
        "{ normalize: { mean: 0.5, std: 0.5 } }] }\n    eval: { image: [{ center_crop: 4 }] }\n"
        "training: { epochs: 1, loss: cross_entropy, optimizer: adam }\n");
  };
  const auto checked = job("5, 6");
  const fs::path cache = folder.path() / "cache";
  check_all_ways(checked, cache);
  const auto count = [&](const testing::CheckedJob& one) {
    batches(one, job::Cache::Disk, cache, 1);
    return num_files_in(cache);
  };
  CHECK(count(checked) == 1);
  CHECK(count(job("6, 5")) == 2);
  paint(3, 1);  // as long as before, and maybe within the clock's tick
  CHECK(count(checked) == 3);
}

TEST_CASE("a front and what is behind it do what the whole does") {
  const auto checked = testing::check_job(
      "model:\n  inputs: { x: \"f32[1, 2, 2]\" }\n  flow: [flatten, { linear: 2 }]\n"
      "data:\n  train: { synthetic: { kind: images, classes: 2, samples: 4 } }\n"
      "  transforms:\n    train: { x: [{ normalize: { mean: 1, std: 2 } }, { center_crop: 2 }, "
      "{ normalize: { mean: 3, std: 4 } }, random_hflip, { center_crop: 2 }] }\n"
      "training: { epochs: 1, loss: cross_entropy, optimizer: adam }\n");
  const Dataset dataset = testing::open_split(checked, "train");
  const FieldTransform whole = field_transforms(checked.job, dataset, true).front();
  const FieldTransform front = whole.front(), behind = whole.behind();
  CHECK(front.text() == "normalize mean=1 std=2;center_crop size=2;");
  CHECK(front.text() + behind.text() == whole.text());
  CHECK(behind.front().is_empty());
  CHECK(FieldTransform(job::Job(), dataset.source->layout()[0], true).front().is_empty());
}

}  // namespace fdl::data
