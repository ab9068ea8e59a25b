#include "lib/monitor/profile.h"

#include <doctest/doctest.h>

#include "lib/base/files.h"
#include "tests/temporary_folder.h"

namespace fdl::monitor {
namespace {

using testing::TemporaryFolder;

// A product, which 100 GFLOP/s bound; a sum, which 10 GB/s bound; a copy and a view.
Profile example() {
  Profile out;
  out.num_steps = 10;
  out.warmup_steps = 3;
  out.step_ms = 9;
  out.nodes = {{"add", 10, 0.5, 0.5, 0.125, 1e6, 5e6},
               {"linear", 10, 2, 2, 0.5, 2e8, 1e6},
               {"cat", 10, 2, 0, 0.25, 0, 1e7},
               {"view", 10, 0.5, 0.5, 0.125, 0, 0}};
  out.limits = {100, 10};
  return out;
}

const char* const kOldRecord =
    R"({"format": 1, "num_steps": 10, "warmup_steps": 3, "step_ms": 2.5, "nodes": [
      {"path": "linear", "calls": 10, "forward_ms": 0.5, "backward_ms": 1.5, "share": 1}]})";

}  // namespace

TEST_CASE("a node's rate is held against products, or what memory brings, whichever is less") {
  const Profile profile = example();
  const auto rate = [&](std::size_t i) { return gflop_per_s(profile.nodes[i]); };
  const auto share = [&](std::size_t i) {
    return share_of_limit(profile.nodes[i], profile.limits);
  };
  CHECK(rate(0).value() == doctest::Approx(1));
  CHECK(share(0).value() == doctest::Approx(0.5));  // 10 GB/s bring 2 GFLOP/s
  CHECK(rate(1).value() == doctest::Approx(50));
  CHECK(share(1).value() == doctest::Approx(0.5));
  CHECK_FALSE(rate(2).has_value());
  CHECK(share(2).value() == doctest::Approx(0.5));  // 5 GB/s
  CHECK_FALSE(rate(3).has_value());
  CHECK_FALSE(share(3).has_value());
  NodeTime idle = profile.nodes[1];
  idle.forward_ms = idle.backward_ms = 0;
  CHECK_FALSE(gflop_per_s(idle).has_value());
  CHECK_FALSE(share_of_limit(idle, profile.limits).has_value());
  CHECK_FALSE(share_of_limit(profile.nodes[1], {}).has_value());
}

TEST_CASE("the table of a profile names rates, shares and limits") {
  CHECK(profile_table(example(), 3) ==
        "path     calls  forward ms  backward ms   share   GFLOP/s  of limit\n"
        "linear      10       2.000        2.000   50.0%      50.0     50.0%\n"
        "cat         10       2.000        0.000   25.0%         -     50.0%\n"
        "add         10       0.500        0.500   12.5%       1.0     50.0%\n"
        "1 more nodes: 1.000 ms\n"
        "a step takes 9.000 ms, 8.000 ms of it in nodes; mean of 10 steps\n"
        "limits: 100 GFLOP/s in products, 10 GB/s of memory, as measured before the first step\n");
}

TEST_CASE("a profile is read as it was written") {
  const TemporaryFolder run;
  const Profile written = example();
  REQUIRE(write_profile(written, profile_file(run.path())).has_value());
  const auto read = read_profile(run.path());
  REQUIRE(read.has_value());
  CHECK(profile_table(*read, 10) == profile_table(written, 10));
  CHECK(read->nodes[1].flops.value() == 2e8);
  CHECK(read->nodes[1].moved_bytes.value() == 1e6);
}

TEST_CASE("a profile without operations and limits is read, and shows none") {
  const TemporaryFolder run;
  run.file("profile.json", kOldRecord);
  const auto read = read_profile(run.path());
  REQUIRE(read.has_value());
  CHECK_FALSE(read->limits.has_value());
  CHECK_FALSE(read->nodes[0].flops.has_value());
  CHECK(profile_table(*read, 10) ==
        "path     calls  forward ms  backward ms   share   GFLOP/s  of limit\n"
        "linear      10       0.500        1.500  100.0%         -         -\n"
        "a step takes 2.500 ms, 2.000 ms of it in nodes; mean of 10 steps\n");
  REQUIRE(write_profile(*read, profile_file(run.path())).has_value());
  const auto text = read_file(profile_file(run.path()));
  REQUIRE(text.has_value());
  CHECK(text->find("limits") == std::string::npos);
  CHECK(text->find("flops") == std::string::npos);
}

}  // namespace fdl::monitor
