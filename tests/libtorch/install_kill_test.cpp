// Kills an installation at each of its moments, with the signal that nothing can catch.

#include <csignal>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/libtorch/install.h"
#include "tests/libtorch/fixture.h"

using fdl::libtorch::install;
using fdl::libtorch::InstallOptions;
using fdl::libtorch::InstallProgress;
using fdl::testing::Bench;
using fdl::testing::installed_tree;
using fdl::testing::Tree;

namespace fs = std::filesystem;

namespace {

// Runs the installation in a child that kills itself when progress is told for the `moment`th time
// (from 0). False when it ended before.
bool killed_at(const InstallOptions& options, int moment) {
  const pid_t child = ::fork();
  if (child == 0) {
    int told = 0;
    const auto outcome = install(options, [&](const InstallProgress&) {
      if (told++ == moment) ::kill(::getpid(), SIGKILL);
    });
    ::_exit(outcome ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) return true;
  REQUIRE(WEXITSTATUS(status) == 0);
  return false;
}

Tree without_staging(Tree tree) {
  std::erase_if(tree,
                [](const auto& item) { return item.first.rfind("precompiled/.staging-", 0) == 0; });
  return tree;
}

}  // namespace

TEST_CASE("a kill at any moment leaves the former libtorch or the new one, and nothing between") {
  int moment = 0;
  for (bool is_killed = true; is_killed; ++moment) {
    CAPTURE(moment);
    Bench former("former"), next("new");
    REQUIRE(former.install().has_value());
    next.options.home = former.home.path();
    next.options.force = true;
    is_killed = killed_at(next.options, moment);
    const Tree left = without_staging(former.tree());
    CHECK((left == installed_tree("former") || left == installed_tree("new")));
    if (!is_killed) CHECK(left == installed_tree("new"));

    // The next install is not in the way of what the dead one left, and removes it.
    REQUIRE(next.install().has_value());
    CHECK(former.tree() == installed_tree("new"));
  }
  CHECK(moment > 8);  // it was killed while checking, unpacking, replacing and activating
}

TEST_CASE("a kill of a first install leaves nothing that counts as installed") {
  int moment = 0;
  for (; moment < 100; ++moment) {
    CAPTURE(moment);
    Bench bench;
    if (!killed_at(bench.options, moment)) break;
    const Tree left = without_staging(bench.tree());
    const bool is_new = left.count("precompiled/cpu") != 0;
    if (is_new) CHECK(left.at("precompiled/cpu/build-version") == "9.8.7\n");
    CHECK(left.count(".active") == 0);
  }
  CHECK(moment > 8);
}

TEST_CASE("an install that finds everything in place still removes what a dead one left") {
  Bench bench;
  REQUIRE(bench.install().has_value());
  bench.options.force = true;
  REQUIRE(killed_at(bench.options, 4));
  CHECK(bench.tree() != installed_tree());
  bench.options.force = false;
  const auto report = bench.install();
  REQUIRE(report.has_value());
  CHECK(report->already_there);
  CHECK(bench.tree() == installed_tree());
}
