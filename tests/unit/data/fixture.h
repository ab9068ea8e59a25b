#pragma once

#include <string>

#include "lib/data/dataset.h"
#include "lib/data/loader.h"

// What the tests of lib/data share.
namespace fdl::testing {

// A checked job with its graph; a manifest with problems fails the test.
struct CheckedJob {
  graph::Graph graph;
  job::Job job;
};
CheckedJob check_job(const std::string& manifest);

// A job on synthetic data: one input x: f32[3], `data` as the value of `data:` in one line.
CheckedJob synthetic_job(const std::string& data);

// A dataset of `num_samples` with one field "x": f32[2], whose sample i is (i, -i).
data::Dataset counting_dataset(std::int64_t num_samples);

// A part of a job's data; a problem fails the test.
data::Dataset open_split(const CheckedJob& checked, const std::string& split);

// One field of all samples, as the source gives it; shorter ones end in zeros.
at::Tensor values_of(const data::Dataset& dataset, const std::string& field);

// Copies of everything that a loader gives.
std::vector<data::Batch> all_batches(const CheckedJob& checked, const std::string& split,
                                     const data::LoaderSpec& spec);

}  // namespace fdl::testing
