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
  Job job;

  explicit Project(const std::string& more = "") {
    Diagnostics problems;
    manifest = testing::manifest_of(testing::kModel + testing::kData + testing::kTraining + more,
                                    problems);
    manifest.folder = folder.path();
    manifest.file = folder.path() / "fdl.yml";
    Checked checked = check(manifest, {}, false, problems);
    REQUIRE(problems.empty());
    graph = std::move(*checked.graph);
    job = std::move(*checked.job);
  }
  fs::path run(const std::string& timestamp, const RunNotes& notes = {}) const {
    return create_run(manifest, graph, job, {timestamp, notes})->path;
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

TEST_CASE("what a person says about a run is kept, and finds it") {
  const Project project;
  const RunNotes notes{"wide", "twice the \"channels\"", {"a", "b"}};
  const fs::path first = project.run("20260101-000000", notes);
  const fs::path runs = project.folder.path() / "runs";
  CHECK(read_notes(first) == notes);
  CHECK((*find_run(runs, "m", "wide"))->path == first);
  const fs::path second = project.run("20260102-000000", {"wide", "", {}});
  CHECK((*find_run(runs, "m", "wide"))->path == second);
  CHECK(list_runs(runs) == std::vector<fs::path>{first, second});
  CHECK(list_runs(first) == std::vector<fs::path>{first});
  for (const char* text : {"", "[", "[1]", "{\"name\": 3, \"tags\": [1, \"t\"]}"}) {
    std::ofstream(second / "notes.json") << text;
    CHECK(read_notes(second).name.empty());
  }
  CHECK(read_notes(second).tags == std::vector<std::string>{"t"});
}

TEST_CASE("a run is worked in by one program at a time") {
  const Project project;
  const fs::path run = project.run("20260101-000000");
  CHECK(!is_running(run));
  {
    const auto lock = lock_run(run);
    REQUIRE(lock.has_value());
    CHECK(is_running(run));
    const auto second = lock_run(run);
    REQUIRE(!second.has_value());
    CHECK(second.error().code == Code::RunBusy);
  }
  CHECK(!is_running(run));
  CHECK(lock_run(run).has_value());
}

TEST_CASE("a run that cannot be written is a problem with a place") {
  const Project project;
  project.folder.file("runs", "a file stands where the folder should be");
  const auto made = create_run(project.manifest, project.graph, project.job, {"t"});
  REQUIRE(!made.has_value());
  CHECK(made.error().code == Code::CannotWrite);
}

}  // namespace fdl::job
