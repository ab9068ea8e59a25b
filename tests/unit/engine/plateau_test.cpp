#include "lib/optim/plateau.h"

#include <cmath>
#include <set>

#include <doctest/doctest.h>

#include "tests/unit/engine/support.h"

namespace fdl::testing {
namespace {

catalog::schedules::PlateauParams params(const std::string& text) {
  return choose(catalog::EntryKind::Schedule, text).as<catalog::schedules::PlateauParams>();
}

}  // namespace

TEST_CASE("a plateau lowers the rate when PyTorch does") {
  for (const ParityFile& file : parity_files("plateau")) {
    CAPTURE(file.name);
    const auto p = params("plateau: " + file.metadata.at("plateau"));
    const at::Tensor &metric = file["metric"], &lr = file["lr"];
    optim::PlateauState state;
    std::set<double> seen;
    for (std::int64_t t = 0; t < metric.numel(); ++t) {
      CAPTURE(t);
      state = optim::observe(p, p.mode == "max", 0.1, state, metric[t].item<double>());
      CHECK(0.1 * state.scale == doctest::Approx(lr[t].item<double>()).epsilon(1e-9));
      seen.insert(state.scale);
    }
    CHECK(seen.size() > 2);  // it fell more than once
  }
}

TEST_CASE("what is not a number is no improvement") {
  const auto p = params("plateau: { patience: 1, factor: 0.5 }");
  optim::PlateauState state;
  for (const double value : {1.0, double{NAN}, double{NAN}})
    state = optim::observe(p, false, 0.1, state, value);
  CHECK(state.scale == 0.5);
  CHECK(state.best == 1.0);
  CHECK(!optim::observe(p, false, 0.1, {}, INFINITY).best.has_value());
}

}  // namespace fdl::testing
