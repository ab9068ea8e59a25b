#include "lib/data/cache.h"

#include <algorithm>

#include "lib/base/machine.h"
#include "lib/base/sha256.h"
#include "lib/config/show.h"
#include "lib/data/cached_rows.h"
#include "lib/data/kept_rows.h"

namespace fdl::data {
namespace {

namespace fs = std::filesystem;

// `Rows`: FixedRows or RaggedRows.
template <typename Rows>
class MemoryCache : public Source {
 public:
  MemoryCache(Kept kept, std::shared_ptr<MemoryBudget> budget)
      : Source(packed_layout(kept)),
        kept_(std::move(kept)),
        places_(kept_.rows),
        budget_(std::move(budget)),
        rows_(places_.rows().size(), layout()) {}
  MemoryCache(const MemoryCache&) = delete;
  MemoryCache& operator=(const MemoryCache&) = delete;
  ~MemoryCache() override {
    if (budget_) budget_->give_back(taken_bytes_);
  }

  std::int64_t num_samples() const override { return kept_.source->num_samples(); }
  Result<void> read(std::int64_t row, Scratch& scratch, std::span<SampleView> out) const override {
    const auto place = places_.find(row);
    if (place && rows_.find(*place, out)) return {};
    Result<std::vector<std::byte>> made = packed(kept_, row);
    if (!made) return fail(made.error());
    scratch.front() = *std::move(made);
    unpack(layout(), scratch.front(), out);
    if (place) keep(*place, scratch.front());
    return {};
  }
  void expect(std::int64_t row) const override {
    if (const auto place = places_.find(row)) rows_.expect(*place);
  }

 private:
  // Where there is room; of two workers that read one row, the first keeps it.
  void keep(std::size_t place, std::span<const std::byte> bytes) const {
    const auto cost = static_cast<std::int64_t>(bytes.size() + Rows::kBesides);
    if (budget_ && !budget_->take(cost)) return;
    if (rows_.keep(place, bytes))
      taken_bytes_ += cost;
    else if (budget_)
      budget_->give_back(cost);
  }

  Kept kept_;
  Places places_;
  std::shared_ptr<MemoryBudget> budget_;
  mutable Rows rows_;
  mutable std::atomic<std::int64_t> taken_bytes_ = 0;
};

// Of all caches of the process that have no limit of their own.
const std::shared_ptr<MemoryBudget>& common_budget() {
  static const auto budget =
      std::make_shared<MemoryBudget>(available_memory_bytes().value_or(0) / 2);
  return budget;
}

// The file itself, or all files in a folder, in order of their names.
std::vector<fs::path> files_at(const fs::path& path) {
  std::error_code code;
  if (!fs::is_directory(path, code)) return {path};
  std::vector<fs::path> out;
  for (auto at = fs::recursive_directory_iterator(path, code);
       !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) out.push_back(at->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

bool MemoryBudget::take(std::int64_t num_bytes) {
  std::int64_t left = left_bytes_;
  while (left >= num_bytes) {
    if (left_bytes_.compare_exchange_weak(left, left - num_bytes)) return true;
  }
  return false;
}

std::shared_ptr<const Source> cached_in_memory(Kept kept, std::shared_ptr<MemoryBudget> budget) {
  const std::vector<Layout>& layout = kept.source->layout();
  const bool is_ragged = std::any_of(layout.begin(), layout.end(),
                                     [](const Layout& one) { return one.field.is_ragged(); });
  if (is_ragged)
    return std::make_shared<MemoryCache<RaggedRows>>(std::move(kept), std::move(budget));
  return std::make_shared<MemoryCache<FixedRows>>(std::move(kept), std::move(budget));
}

Result<std::string> cache_key(const Kept& kept, const job::DataSplit& split,
                              const Dataset& dataset) {
  Sha256 sum;
  const auto add = [&](const std::string& text) { sum.update(text.c_str(), text.size() + 1); };
  const catalog::EntrySpec& spec = *split.source.spec;
  add(split.source.name());
  for (const config::FieldSpec& field : spec.record.fields)
    add(field.name + "=" + field.show(split.source.params.get()));
  if (spec.other_keys) {
    // Asked for by a function that may also change it.
    const std::shared_ptr<void> params = spec.copy_params(split.source.params.get());
    add(config::to_json(spec.other_keys(params.get()), false, -1));
  }
  for (const job::Field& field : dataset.fields) {
    add(field.name + ": " + to_string(field.type) + " " + std::to_string(field.num_classes));
    if (!field.words) continue;
    for (const std::string& word : *field.words) add(word);
  }
  for (const FieldTransform& front : kept.fronts) add(front.text());
  for (const fs::path& path : dataset.files) {
    for (const fs::path& file : files_at(path)) {
      const Result<std::string> content = sha256_file(file);
      if (!content) return fail(content.error());
      add(file.lexically_relative(path).string() + " " + *content);
    }
  }
  sum.update(kept.rows.data(), kept.rows.size() * sizeof(std::int64_t));
  return sum.hex();
}

Result<void> add_cache(const job::DataSplit& split, const job::Job& job, Dataset& dataset,
                       std::vector<FieldTransform>& transforms) {
  using job::Cache;
  Kept kept{dataset.source, {}, dataset.rows};
  for (const FieldTransform& transform : transforms) kept.fronts.push_back(transform.front());
  const bool saves_work =
      dataset.source->is_costly() ||
      std::any_of(kept.fronts.begin(), kept.fronts.end(),
                  [](const FieldTransform& front) { return !front.is_empty(); });
  const Cache cache = job.loader.cache;
  if (cache == Cache::None || (cache == Cache::Auto && !saves_work)) return {};
  if (cache == Cache::Disk) {
    const Result<std::string> key = cache_key(kept, split, dataset);
    if (!key) return fail(key.error());
    auto source = cached_on_disk(std::move(kept), job.cache_folder / *key, job.loader.workers);
    if (!source) return fail(source.error());
    dataset.source = *std::move(source);
  } else {
    dataset.source =
        cached_in_memory(std::move(kept), cache == Cache::Auto ? common_budget() : nullptr);
  }
  for (FieldTransform& transform : transforms) transform = transform.behind();
  return {};
}

}  // namespace fdl::data
