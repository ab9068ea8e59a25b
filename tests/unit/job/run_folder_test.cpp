#include "lib/job/run_folder.h"

#include <doctest/doctest.h>

#include "lib/config/show.h"
#include "lib/job/load.h"
#include "tests/temporary_folder.h"
#include "tests/unit/job/job_text.h"

namespace fdl::job {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

struct Project {
  TemporaryFolder folder;
  config::Manifest manifest;
  graph::Graph graph;

  explicit Project(const std::string& more = "") {
    Diagnostics problems;
    manifest = testing::manifest_of(testing::kModel + testing::kData + testing::kTraining + more,
                                    problems);
    manifest.folder = folder.path();
    manifest.file = folder.path() / "fdl.yml";
    Checked checked = check(manifest, {}, false, problems);
    REQUIRE(problems.empty());
    graph = std::move(*checked.graph);
  }
  fs::path run(const std::string& timestamp) const {
    return create_run(manifest, graph, folder.path() / "runs", timestamp)->path;
  }
};

}  // namespace

TEST_CASE("a run's manifest reads back as the job it was made from, without the commands") {
  const Project project(
      "description: \"costs $${x}, 'quoted'\"\ncommands: {a: {run: ls}}\nparams: {w: 3, v: "
      "\"${params.w * 2}\"}\n");
  Diagnostics problems;
  const auto back = load_run(project.run("20260101-000000"), problems);
  REQUIRE(back.has_value());
  CHECK(problems.empty());
  config::Node expected = project.manifest.root;
  expected.erase("commands");
  CHECK(config::to_json(back->root, false) == config::to_json(expected, false));
  CHECK(back->folder == project.folder.path());
}

TEST_CASE("a recorded run is not changed by the environment that reads it") {
  const Project project;
  ::setenv("FDL_SET__TRAINING__STEPS", "9", 1);
  Diagnostics problems;
  const auto back = load_run(project.run("20260101-000000"), problems);
  ::unsetenv("FDL_SET__TRAINING__STEPS");
  REQUIRE(back.has_value());
  CHECK(config::find_path(back->root, "training.steps")->text == "5");
}

TEST_CASE("two runs of one second get two folders; the newest is found, or the named one") {
  const Project project;
  const fs::path first = project.run("20260101-000000"), second = project.run("20260101-000000"),
                 third = project.run("20260102-000000");
  CHECK(first != second);
  const fs::path runs = project.folder.path() / "runs";
  CHECK((*find_run(runs, "m", ""))->path == third);
  CHECK((*find_run(runs, "m", first.filename().string()))->path == first);
  CHECK((*find_run(runs, "m", first.string()))->path == first);
  CHECK(!(*find_run(runs, "other", "")).has_value());
  CHECK(find_run(runs, "m", "gone").error().code == Code::RunMissing);
  CHECK(find_run(runs, "m", std::string(400, 'x')).error().code == Code::RunMissing);
}

TEST_CASE("a folder without its manifest is no run, checkpoints that do not verify are none") {
  const Project project;
  const fs::path run = project.run("20260101-000000");
  fs::create_directories(project.folder.path() / "runs/m/20990101-000000-abcdef");
  CHECK((*find_run(project.folder.path() / "runs", "m", ""))->path == run);
  fs::create_directories(run / "checkpoints/step-5");
  fs::create_directories(run / "checkpoints/step-x");
  CHECK(whole_checkpoints({run}).empty());
}

TEST_CASE("a run whose environment.json is torn is told, not trusted") {
  const Project project;
  const fs::path run = project.run("20260101-000000");
  for (const char* text : {"", "{", "[]", "{}", "{\"project\": 3}"}) {
    CAPTURE(text);
    std::ofstream(run / "environment.json") << text;
    Diagnostics problems;
    CHECK(!load_run(run, problems));
    CHECK(testing::codes(problems) == std::vector<std::string>{"FDL5203"});
  }
}

TEST_CASE("a run that cannot be written is a problem with a place") {
  const Project project;
  project.folder.file("runs", "a file stands where the folder should be");
  const auto made =
      create_run(project.manifest, project.graph, project.folder.path() / "runs", "t");
  REQUIRE(!made.has_value());
  CHECK(made.error().code == Code::CannotWrite);
}

}  // namespace fdl::job
