// Downloads with a `python3` of our own in PATH, in the place of the real one.

#include "lib/libtorch/download.h"

#include <algorithm>
#include <cstdlib>

#include "lib/libtorch/install.h"
#include "tests/libtorch/fixture.h"

using fdl::Code;
using fdl::libtorch::download_command;
using fdl::libtorch::install;
using fdl::libtorch::InstallProgress;
using fdl::libtorch::InstallStep;
using fdl::libtorch::Pin;
using fdl::libtorch::Release;
using fdl::libtorch::releases;
using fdl::testing::Bench;
using fdl::testing::bytes_of;
using fdl::testing::check_fails;
using fdl::testing::installed_tree;
using fdl::testing::kCuptiWheel;
using fdl::testing::kTorchWheel;
using fdl::testing::TemporaryFolder;
using fdl::testing::Tree;
using fdl::testing::words_of;

namespace fs = std::filesystem;

namespace {

// Restores a variable of the environment when it goes.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* former = std::getenv(name)) former_ = former;
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::setenv(name_, former_.c_str(), 1); }

 private:
  const char* name_;
  std::string former_;
};

// A bench whose installation downloads, from a program that runs these lines of shell. They find
// the folder to write into as $to, and the good wheels as $wheels.
struct Downloads : Bench {
  TemporaryFolder programs;
  Variable path{"PATH", programs.path().string() + ":/usr/bin:/bin"};

  explicit Downloads(const std::string& lines) {
    options.from.clear();
    const fs::path program = programs.file(
        "python3", "#!/bin/sh\nwheels='" + wheels.path().string() + "'\nlog='" +
                       (programs.path() / "log").string() +
                       "'\nto=\nlast=\nfor word; do [ \"$last\" != -d ] || to=$word; last=$word; "
                       "done\n" +
                       lines);
    fs::permissions(program, fs::perms::owner_all);
  }
};

}  // namespace

TEST_CASE("pip is asked for the pinned wheels of every platform tag, and for nothing else") {
  const Bench bench;
  const auto command = download_command(bench.options.release, "/some/folder");
  CHECK(command.program == "python3");
  CHECK(command.dies_with_parent);
  std::string line;
  for (const std::string& word : command.arguments) line += word + " ";
  CHECK(line.rfind("-m pip download --no-deps ", 0) == 0);
  for (const char* part :
       {"--only-binary=:all: ", "--platform manylinux_2_28_x86_64 ",
        "--platform manylinux_2_25_x86_64 ", "--platform manylinux2014_x86_64 ",
        "--python-version 3.11 ", "-d /some/folder torch==9.8.7 nvidia-cuda-runtime==1.2.3 "}) {
    CAPTURE(part);
    CHECK(line.find(part) != std::string::npos);
  }
}

TEST_CASE("pip is told a platform tag of each pinned wheel") {
  for (const Release& release : releases()) {
    const std::vector<std::string> words = download_command(release, "/some/folder").arguments;
    for (const Pin& pin : release.wheels) {
      CAPTURE(pin.file);
      CHECK(std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        return word.starts_with("manylinux") && pin.file.find(word) != std::string::npos;
      }));
    }
  }
}

TEST_CASE("what pip delivers is checked and installed, and the wheels do not stay") {
  Downloads bench("cp \"$wheels\"/* \"$to\"; echo \"$TMPDIR\" > \"$log\"\n");
  bool has_downloading = false;
  const auto report = install(bench.options, [&](const InstallProgress& progress) {
    has_downloading = has_downloading || progress.step == InstallStep::Downloading;
  });
  REQUIRE(report.has_value());
  CHECK(has_downloading);
  CHECK(bench.tree() == installed_tree());
  // pip's temporary files lie where there is room for them, and where they are removed.
  const std::string root = (bench.home.path() / "libtorch/precompiled/.staging-").string();
  CHECK(bytes_of(bench.programs.path() / "log").rfind(root, 0) == 0);
}

TEST_CASE("a pip that fails is quoted, with the way out") {
  Downloads bench(
      "for i in 1 2 3 4 5 6 7; do echo line $i; done\n"
      "printf '\\033[31mERROR: no network\\033[0m\\n' >&2; echo half > \"$to/torch.part\"; exit "
      "7\n");
  const auto outcome = bench.install();
  check_fails(outcome, Code::LibtorchDownload,
              "cannot download libtorch 9.8.7: pip ended with code 7");
  check_fails(outcome, Code::LibtorchDownload, "--from FOLDER");
  check_fails(outcome, Code::LibtorchDownload, "ERROR: no network");
  CHECK(words_of(outcome).find('\x1b') == std::string::npos);
  CHECK(words_of(outcome).find("line 7") != std::string::npos);
  CHECK(words_of(outcome).find("line 3") == std::string::npos);
  CHECK(bench.tree() == Tree{{"precompiled", "/"}});
}

TEST_CASE("without python3 the way out is the same") {
  Downloads bench("exit 0\n");
  fs::remove(bench.programs.path() / "python3");
  const Variable path("PATH", bench.programs.path().string());
  const auto outcome = bench.install();
  check_fails(outcome, Code::LibtorchDownload, "'python3'");
  check_fails(outcome, Code::LibtorchDownload, "--from FOLDER");
  CHECK(bench.tree() == Tree{{"precompiled", "/"}});
}

TEST_CASE("a pip that is killed says so") {
  Downloads bench("kill -9 $$\n");
  check_fails(bench.install(), Code::LibtorchDownload, "pip ended with code 137");
}

TEST_CASE("a pip that delivers another file than asked is refused") {
  Downloads bench("cp \"$wheels\"/torch* \"$wheels\"/*runtime* \"$to\"\n");
  check_fails(bench.install(), Code::LibtorchDownload,
              std::string("delivered no '") + kCuptiWheel + "'");
  CHECK(bench.tree() == Tree{{"precompiled", "/"}});
}

TEST_CASE("a download with another hash is refused, and the former libtorch stays") {
  Downloads bench(
      "cp \"$wheels\"/* \"$to\"; for file in \"$to\"/torch*; do echo x >> \"$file\"; done\n");
  Bench former("former");
  REQUIRE(former.install().has_value());
  bench.options.home = former.home.path();
  bench.options.force = true;
  check_fails(bench.install(), Code::LibtorchHash, kTorchWheel);
  CHECK(former.tree() == installed_tree("former"));
}
