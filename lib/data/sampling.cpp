#include "lib/data/sampling.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <ATen/Dispatch.h>

#include "lib/base/check.h"
#include "lib/catalog/samplers/bucketed.h"
#include "lib/catalog/samplers/weighted.h"
#include "lib/data/order.h"
#include "lib/tensor/random.h"

namespace fdl::data {
namespace {

tensor::StreamKey key_of(const char* sampler, std::uint64_t seed, std::int64_t epoch) {
  return tensor::StreamKey(seed, tensor::Purpose::Order)
      .with(sampler)
      .with(static_cast<std::uint64_t>(epoch));
}

double number_at(const std::byte* at, at::ScalarType dtype) {
  double out = 0;
  AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, dtype, "number", [&] {
    out = static_cast<double>(*reinterpret_cast<const scalar_t*>(at));
  });
  return out;
}

// So that each class comes equally often.
std::vector<double> weights_of(const std::vector<std::int64_t>& classes) {
  std::map<std::int64_t, double> counts;
  for (const std::int64_t one : classes) ++counts[one];
  std::vector<double> out;
  for (const std::int64_t one : classes) out.push_back(1 / counts[one]);
  return out;
}

std::size_t place_of(const Source& source, const std::string& field) {
  const std::vector<Layout>& layout = source.layout();
  std::size_t out = 0;
  while (out < layout.size() && layout[out].field.name != field) ++out;
  FDL_CHECK(out < layout.size());  // the check of the job has found it
  return out;
}

}  // namespace

// Source: the inverse of the cumulative distribution, found by bisection.
std::vector<std::int64_t> weighted(const std::vector<double>& weights, std::uint64_t seed,
                                   std::int64_t epoch) {
  std::vector<double> sums(weights.size());
  std::partial_sum(weights.begin(), weights.end(), sums.begin());
  // A draw that rounding takes up to the sum is of the last sample with a weight.
  std::size_t last = weights.size() - 1;
  while (last > 0 && weights[last] == 0) --last;
  tensor::RandomStream stream(key_of("weighted", seed, epoch));
  std::vector<std::int64_t> out(weights.size());
  for (std::int64_t& one : out) {
    const double draw = stream.uniform() * sums.back();
    const auto found = std::upper_bound(sums.begin(), sums.end(), draw) - sums.begin();
    one = std::min<std::int64_t>(found, static_cast<std::int64_t>(last));
  }
  return out;
}

std::vector<std::int64_t> stratified(const std::vector<std::int64_t>& classes, std::uint64_t seed,
                                     std::int64_t epoch) {
  const auto size = static_cast<std::int64_t>(classes.size());
  std::map<std::int64_t, double> counts, starts, seen;
  for (const std::int64_t one : classes) ++counts[one];
  tensor::RandomStream stream(key_of("stratified", seed, epoch));
  for (const auto& [one, count] : counts) starts[one] = stream.uniform();
  // The j-th of n samples of a class lies at (j + start) / n of the epoch.
  struct Placed {
    double at;
    std::int64_t sample;
  };
  std::vector<Placed> placed;
  for (const std::int64_t sample : shuffled(size, seed, epoch)) {
    const std::int64_t own = classes[static_cast<std::size_t>(sample)];
    placed.push_back({(seen[own]++ + starts[own]) / counts[own], sample});
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.at < b.at; });
  std::vector<std::int64_t> out;
  for (const Placed& one : placed) out.push_back(one.sample);
  return out;
}

std::vector<std::int64_t> bucketed(const std::vector<std::int64_t>& lengths, const Buckets& buckets,
                                   std::uint64_t seed, std::int64_t epoch) {
  const auto size = static_cast<std::int64_t>(lengths.size());
  const std::vector<std::int64_t> drawn = shuffled(size, seed, epoch);
  std::vector<std::int64_t> sorted = drawn;
  const std::int64_t whole = size / buckets.batch_size * buckets.batch_size;
  const std::int64_t pool = buckets.batches >= size / buckets.batch_size + 1
                                ? size
                                : buckets.batches * buckets.batch_size;
  for (std::int64_t from = 0; from < size; from += pool) {
    std::stable_sort(sorted.begin() + from, sorted.begin() + std::min(from + pool, size),
                     [&](std::int64_t a, std::int64_t b) {
                       return lengths[static_cast<std::size_t>(a)] <
                              lengths[static_cast<std::size_t>(b)];
                     });
  }
  std::vector<std::int64_t> out;
  const std::uint64_t order_seed = key_of("bucketed", seed, epoch).value();
  for (const std::int64_t batch : shuffled(size / buckets.batch_size, order_seed, epoch)) {
    const auto from = sorted.begin() + batch * buckets.batch_size;
    out.insert(out.end(), from, from + buckets.batch_size);
  }
  out.insert(out.end(), sorted.begin() + whole, sorted.end());
  return out;
}

Result<std::shared_ptr<const Sampling>> Sampling::read(const job::Sampler& sampler,
                                                       const Source& source,
                                                       const std::vector<std::int64_t>& rows) {
  std::shared_ptr<Sampling> out(new Sampling(sampler.what));
  const std::size_t field = place_of(source, sampler.field);
  const bool is_by_length = sampler.what.name() == "bucketed";
  const bool has_weights = sampler.what.name() == "weighted" &&
                           !sampler.what.as<catalog::WeightedParams>().weights.empty();
  Scratch scratch(source.layout().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Result<SampleView> view = source.read_field(rows[i], field, scratch);
    if (!view) return fail(view.error());
    if (is_by_length) {
      out->numbers_.push_back(view->length);
      continue;
    }
    const double number = number_at(view->bytes, source.layout()[field].dtype);
    if (has_weights && !(std::isfinite(number) && number >= 0)) {
      return fail(error(Code::BadSampler, sampler.what.span, "the weight '{}' of sample {} is {}",
                        sampler.field, i, number)
                      .help("weights are finite and none is below 0"));
    }
    if (has_weights)
      out->weights_.push_back(number);
    else
      out->numbers_.push_back(static_cast<std::int64_t>(number));
  }
  if (sampler.what.name() != "weighted") return out;
  if (!has_weights) out->weights_ = weights_of(out->numbers_);
  const double sum = std::accumulate(out->weights_.begin(), out->weights_.end(), 0.0);
  if (sum > 0 && std::isfinite(sum)) return out;
  return fail(error(Code::BadSampler, sampler.what.span, "the weights '{}' add up to {}",
                    sampler.field, sum)
                  .help("one at least must be above 0"));
}

std::vector<std::int64_t> Sampling::order(std::uint64_t seed, std::int64_t epoch,
                                          std::int64_t batch_size) const {
  if (what_.name() == "weighted") return weighted(weights_, seed, epoch);
  if (what_.name() == "stratified") return stratified(numbers_, seed, epoch);
  return bucketed(numbers_, {batch_size, what_.as<catalog::BucketedParams>().batches}, seed, epoch);
}

}  // namespace fdl::data
