#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/data/transform.h"

// Samples that are decoded or parsed once. They are kept as the front of their transforms leaves
// them, which makes the same of a sample each time; what draws comes after.
namespace fdl::data {

// Bytes that several caches share. Safe from any thread.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::int64_t num_bytes) : left_bytes_(num_bytes) {}
  // Whether they are left, and taken now.
  bool take(std::int64_t num_bytes);
  void give_back(std::int64_t num_bytes) { left_bytes_ += num_bytes; }

 private:
  std::atomic<std::int64_t> left_bytes_;
};

// What a cache keeps: these rows of a source, after one front for each of its fields.
struct Kept {
  std::shared_ptr<const Source> source;
  std::vector<FieldTransform> fronts;
  std::vector<std::int64_t> rows;
};

// Keeps each row in memory once it has been read, as long as the budget lasts; null has no end.
std::shared_ptr<const Source> cached_in_memory(Kept kept, std::shared_ptr<MemoryBudget> budget);

// Reads the rows from a file that holds them, which is written whole first where it is not there,
// or is not what was written; by so many threads. A row that is damaged later is read from the
// source, and the file removed. Errors: FDL5002, and those of reading.
Result<std::shared_ptr<const Source>> cached_on_disk(Kept kept, const std::filesystem::path& file,
                                                     std::int64_t num_threads);

// What a file of these rows is called: a checksum of the source and its parameters, of the bytes
// of its files, of the fronts and of the rows. Errors: FDL5001.
Result<std::string> cache_key(const Kept& kept, const job::DataSplit& split,
                              const Dataset& dataset);

// Puts what `loader.cache` asks for between a part's source and its transforms, which become those
// that are left. `auto` keeps in memory what takes work to read, in half of what is available.
Result<void> add_cache(const job::DataSplit& split, const job::Job& job, Dataset& dataset,
                       std::vector<FieldTransform>& transforms);

}  // namespace fdl::data
