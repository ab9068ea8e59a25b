#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "lib/format/safetensors.h"
#include "lib/tensor/tensor_file.h"
#include "tests/unit/metrics/support.h"

// tests/parity/make_metrics.py has written what scikit-learn measures.
namespace fdl::testing {
namespace {

// Both sides compute in double; sums of another order differ in the last digits.
constexpr double kParity = 1e-12;

struct Case {
  std::string name, metric, params;
  nn::Compared compared;  // output, target and mask
  std::vector<double> value;

  std::string text() const { return metric + ": " + params; }
};

std::vector<Case> cases() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(FDL_SOURCE_ROOT "/tests/parity/metrics"))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Case> out;
  for (const auto& path : paths) {
    const auto header = format::read_safetensors_header(path);
    const auto tensors = tensor::load_tensors(path);
    REQUIRE(header.has_value());
    REQUIRE(tensors.has_value());
    Case& one = out.emplace_back();
    one.name = path.stem().string();
    one.metric = header->metadata.at("metric");
    one.params = header->metadata.at("params");
    one.compared.resize(3);
    for (const tensor::NamedTensor& tensor : *tensors) {
      if (tensor.name == "output") one.compared[0] = tensor.value;
      if (tensor.name == "target") one.compared[1] = tensor.value;
      if (tensor.name == "mask") one.compared[2] = tensor.value;
      if (tensor.name != "value") continue;
      const auto* from = tensor.value.const_data_ptr<double>();
      one.value.assign(from, from + tensor.value.numel());
    }
  }
  return out;
}

void check_close(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(kParity));
  }
}

// Batches of random sizes, one of them empty, in states of their own that are merged in turn.
nn::MetricState in_pieces(const nn::Metric& metric, const nn::Compared& compared,
                          std::uint32_t seed) {
  std::mt19937 random(seed);
  const std::int64_t num_samples = compared[0].size(0);
  nn::MetricState all = metric.empty, part = metric.empty;
  for (std::int64_t begin = 0; begin < num_samples;) {
    const std::int64_t end =
        std::min(num_samples, begin + 1 + static_cast<std::int64_t>(random() % 9));
    add(metric, part, samples(compared, begin, end));
    if (random() % 2 == 0) {
      all.merge(part);
      part = metric.empty;
    }
    begin = end;
  }
  all.merge(part);
  all.merge(metric.empty);
  return all;
}

}  // namespace

TEST_CASE("each metric measures what scikit-learn measures") {
  std::set<std::string> seen;
  for (const Case& one : cases()) {
    CAPTURE(one.name);
    seen.insert(one.metric);
    check_close(values_of(one.text(), one.compared), one.value);
  }
  const auto names = catalog::entry_names(catalog::EntryKind::Metric);
  CHECK(seen == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("batches of any sizes, and states that are merged, give what one batch gives") {
  for (const Case& one : cases()) {
    CAPTURE(one.name);
    const nn::Metric metric = metric_of(one.text(), one.compared);
    nn::MetricState whole = metric.empty;
    add(metric, whole, one.compared);
    for (std::uint32_t seed = 0; seed < 5; ++seed) {
      CAPTURE(seed);
      const nn::MetricState pieces = in_pieces(metric, one.compared, seed);
      CHECK(pieces.counts == whole.counts);
      CHECK(pieces.kept == whole.kept);
      check_close(flat_values(metric, pieces), flat_values(metric, whole));
      // Where nothing but whole numbers and rows is kept, the same bits.
      if (whole.sums.empty()) CHECK(flat_values(metric, pieces) == flat_values(metric, whole));
    }
  }
}

}  // namespace fdl::testing
