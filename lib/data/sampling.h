#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lib/data/source.h"
#include "lib/job/job.h"

// The orders of samplers. Each is a pure function of what it draws by, seed and epoch: nothing to
// save or restore, and the same for any number of workers.
namespace fdl::data {

// Samples drawn anew in proportion to `weights`, as many as there are. The weights are finite, none
// below 0, one at least above.
std::vector<std::int64_t> weighted(const std::vector<double>& weights, std::uint64_t seed,
                                   std::int64_t epoch);

// Each sample once, those of each class spread evenly: of n places in a row about n times its share
// are of a class.
std::vector<std::int64_t> stratified(const std::vector<std::int64_t>& classes, std::uint64_t seed,
                                     std::int64_t epoch);

// Each sample once, batches of about one length in random order; a last, smaller batch stays last.
struct Buckets {
  std::int64_t batch_size = 1;
  std::int64_t batches = 1;  // that are drawn at random and sorted together
};
std::vector<std::int64_t> bucketed(const std::vector<std::int64_t>& lengths, const Buckets& buckets,
                                   std::uint64_t seed, std::int64_t epoch);

// What a job's sampler draws by, of the samples of one dataset.
class Sampling {
 public:
  // Reads the sampler's field of the samples `rows` of a source. Errors: FDL4050 for a weight that
  // is none, and those of reading.
  static Result<std::shared_ptr<const Sampling>> read(const job::Sampler& sampler,
                                                      const Source& source,
                                                      const std::vector<std::int64_t>& rows);

  // The order of an epoch, as places in `rows`.
  std::vector<std::int64_t> order(std::uint64_t seed, std::int64_t epoch,
                                  std::int64_t batch_size) const;

 private:
  explicit Sampling(catalog::Choice what) : what_(std::move(what)) {}
  catalog::Choice what_;
  std::vector<double> weights_;
  std::vector<std::int64_t> numbers_;  // classes, or lengths
};

}  // namespace fdl::data
