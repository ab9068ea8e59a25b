#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "lib/data/loader.h"

// What a person wants to know of data before training on it.
namespace fdl::data {

// Moments of numbers that arrive one by one or in groups, exact over any grouping up to rounding.
// Source: Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm".
struct Moments {
  std::int64_t count = 0;
  double mean = 0, squares = 0;  // the sum of squared distances from the mean
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(const Moments& other);
  double deviation() const;  // of the whole, as `normalize` wants it; 0 of nothing
};

// One field over all samples of a dataset. Values that are not numbers are counted as missing.
struct FieldSummary {
  job::Field field;
  std::string type;  // after transforms: "f32[1, 28, 28]"
  Moments values;
  std::int64_t missing = 0;
  std::int64_t shortest = -1, longest = 0;       // of a ragged field
  std::map<std::int64_t, std::int64_t> classes;  // how many samples each has, of labels
  bool is_bytes = false;                         // held as u8
};

// Goes through all samples once, in threads. `transforms` are those of the dataset's fields.
// Errors: those of reading.
Result<std::vector<FieldSummary>> summarize(const Dataset& dataset,
                                            const std::vector<FieldTransform>& transforms,
                                            const LoaderSpec& spec);

// The first samples in the order of an epoch, each field as a batch gives it.
Result<std::vector<at::Tensor>> first_samples(const Dataset& dataset,
                                              const std::vector<FieldTransform>& transforms,
                                              LoaderSpec spec, std::int64_t count);

// One sample's field in a line: the class's word, a text, a number or the first of several.
std::string shown_sample(const job::Field& field, const at::Tensor& sample);

// Whether a field can be looked at: [1 or 3, height, width] of each sample.
bool is_picture(const at::Tensor& samples);

// Pictures side by side in rows, u8 [height, width, 1 or 3]: numbers other than bytes are spread
// from the least to the greatest of all of them; small pictures are drawn larger.
at::Tensor contact_sheet(const at::Tensor& pictures);

}  // namespace fdl::data
