#pragma once

#include <string>

#include "lib/data/dataset.h"

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

}  // namespace fdl::testing
