#include "lib/libtorch/install.h"

#include <set>

#include "lib/libtorch/home.h"
#include "tests/libtorch/fixture.h"

using fdl::libtorch::active_folder;
using fdl::libtorch::install;
using fdl::libtorch::InstallProgress;
using fdl::libtorch::InstallStep;
using fdl::libtorch::list_installed;
using fdl::testing::Bench;
using fdl::testing::bytes_of;
using fdl::testing::installed_tree;
using fdl::testing::kTorchWheel;
using fdl::testing::TemporaryFolder;
using fdl::testing::Tree;
using fdl::testing::write_file;
using fdl::testing::zip_bytes;
using fdl::testing::ZipEntry;

namespace fs = std::filesystem;

namespace {

// The entries of a libtorch zip, or the files of an unpacked one.
std::vector<ZipEntry> libtorch_files(const std::string& build_version) {
  return {{.name = "lib/libtorch_cpu.so", .bytes = "cpu"},
          {.name = "lib/libc10.so", .bytes = "c10"},
          {.name = "lib/libtorch.so", .bytes = "torch"},
          {.name = "include/ATen/ATen.h", .bytes = "aten"},
          {.name = "bin/protoc", .bytes = "program"},
          {.name = "build-version", .bytes = build_version}};
}

void check_libtorch_files(const Tree& tree) {
  CHECK(tree.at("precompiled/cpu/lib/libtorch_cpu.so") == "cpu");
  CHECK(tree.at("precompiled/cpu/lib/libtorch.so") == "torch");
  CHECK(tree.at("precompiled/cpu/include/ATen/ATen.h") == "aten");
  CHECK(tree.at("precompiled/cpu/build-version") == "9.8.7\n");
  CHECK(tree.at(".active") == "precompiled/cpu\n");
  CHECK(tree.count("precompiled/cpu/bin") == 0);
}

}  // namespace

TEST_CASE("a folder of wheels and a wheel install exactly what the CPU needs") {
  Bench bench;
  SUBCASE("folder") {}
  SUBCASE("file") { bench.options.from = bench.wheels.path() / kTorchWheel; }
  SUBCASE("wheel that is not pinned") {
    bench.options.release.wheels[0].file = "torch-9.8.7-of-another-python.whl";
  }
  const auto report = bench.install();
  REQUIRE(report.has_value());
  CHECK(bench.tree() == installed_tree());
  CHECK(report->variant == "precompiled/cpu");
  CHECK(report->folder == bench.home.path() / "libtorch/precompiled/cpu");
  CHECK(report->active);
  CHECK_FALSE(report->already_there);
  CHECK(report->actions.size() == 3);
  const auto active = active_folder(bench.home.path());
  REQUIRE(active.has_value());
  CHECK(*active == report->folder);
  const auto all = list_installed(bench.home.path());
  REQUIRE(all.size() == 1);
  CHECK(all[0].torch_version == "9.8.7");
  CHECK(all[0].active);
}

TEST_CASE("a libtorch zip is installed from below its top folder") {
  Bench bench;
  std::vector<ZipEntry> entries = libtorch_files("9.8.7+cpu\n");
  for (ZipEntry& entry : entries) entry.name = "libtorch/" + entry.name;
  bench.options.from = bench.wheels.file("libtorch-shared.zip", zip_bytes(entries));
  REQUIRE(bench.install().has_value());
  check_libtorch_files(bench.tree());
}

TEST_CASE("an unpacked libtorch is copied, links followed") {
  Bench bench;
  const TemporaryFolder source;
  for (const ZipEntry& file : libtorch_files("9.8.7\n"))
    write_file(source.path() / file.name, file.bytes);
  fs::create_symlink("libc10.so", source.path() / "lib/libc10.so.1");
  bench.options.from = source.path();
  REQUIRE(bench.install().has_value());
  const Tree tree = bench.tree();
  check_libtorch_files(tree);
  CHECK(tree.at("precompiled/cpu/lib/libc10.so.1") == "c10");
  const fs::path copy = bench.home.path() / "libtorch/precompiled/cpu/lib/libc10.so.1";
  CHECK_FALSE(fs::is_symlink(copy));
  CHECK(bytes_of(source.path() / "bin/protoc") == "program");
}

TEST_CASE("what this program installed can be installed from again") {
  Bench bench, other;
  REQUIRE(bench.install().has_value());
  other.options.from = bench.home.path() / "libtorch/precompiled/cpu";
  REQUIRE(other.install().has_value());
  CHECK(other.tree() == installed_tree());
}

TEST_CASE("what is there and whole is only made active") {
  Bench bench;
  REQUIRE(bench.install().has_value());
  write_file(bench.home.path() / "libtorch/.active", "builds/mine\n");
  write_file(bench.home.path() / "libtorch/precompiled/cpu/extra", "kept");
  const auto report = bench.install();
  REQUIRE(report.has_value());
  CHECK(report->already_there);
  CHECK(report->active);
  CHECK(report->actions == std::vector<std::string>{"make 'precompiled/cpu' the active one"});
  Tree expected = installed_tree();
  expected["precompiled/cpu/extra"] = "kept";
  CHECK(bench.tree() == expected);
}

TEST_CASE("--force replaces it whole") {
  Bench bench("v1");
  REQUIRE(bench.install().has_value());
  write_file(bench.home.path() / "libtorch/precompiled/cpu/extra", "goes");
  Bench next("v2");
  next.options.home = bench.home.path();
  next.options.force = true;
  const auto report = next.install();
  REQUIRE(report.has_value());
  CHECK_FALSE(report->already_there);
  CHECK(bench.tree() == installed_tree("v2"));
}

TEST_CASE("what is not whole, or another version, is replaced without being asked") {
  Bench bench;
  const fs::path folder = bench.home.path() / "libtorch/precompiled/cpu";
  REQUIRE(bench.install().has_value());
  SUBCASE("a missing library") { fs::remove(folder / "lib/libc10.so"); }
  SUBCASE("an empty library") { write_file(folder / "lib/libtorch_cpu.so", ""); }
  SUBCASE("missing headers") { fs::remove_all(folder / "include"); }
  SUBCASE("no version") { fs::remove(folder / "build-version"); }
  SUBCASE("another version") { write_file(folder / "build-version", "9.8.6\n"); }
  const auto report = bench.install();
  REQUIRE(report.has_value());
  CHECK_FALSE(report->already_there);
  CHECK(bench.tree() == installed_tree());
}

TEST_CASE("--no-activate leaves .active alone") {
  Bench bench;
  bench.options.no_activate = true;
  const auto report = bench.install();
  REQUIRE(report.has_value());
  CHECK_FALSE(report->active);
  Tree expected = installed_tree();
  expected.erase(".active");
  CHECK(bench.tree() == expected);
  bench.options.no_activate = false;
  CHECK(bench.install()->active);
  bench.options.no_activate = true;
  CHECK(bench.install()->active);  // it is, from before
}

TEST_CASE("a dry run says what would be done, and does none of it") {
  Bench bench;
  bench.options.dry_run = true;
  const auto report = bench.install();
  REQUIRE(report.has_value());
  REQUIRE(report->actions.size() == 3);
  CHECK(report->actions[0].rfind("unpack '" + bench.wheels.path().string(), 0) == 0);
  CHECK(report->actions[1].rfind("create '", 0) == 0);
  CHECK(report->actions[2] == "make 'precompiled/cpu' the active one");
  CHECK(fs::is_empty(bench.home.path()));

  bench.options.from.clear();
  const auto download = bench.install();
  REQUIRE(download.has_value());
  CHECK(download->actions[0].rfind("download with: python3 -m pip download ", 0) == 0);
  CHECK(download->actions[0].find(" torch==9.8.7") != std::string::npos);
  CHECK(fs::is_empty(bench.home.path()));
}

TEST_CASE("progress names each step in order and never exceeds its total") {
  Bench bench;
  std::vector<InstallStep> steps;
  std::set<std::string> unpacked;
  const auto report = install(bench.options, [&](const InstallProgress& progress) {
    if (steps.empty() || steps.back() != progress.step) steps.push_back(progress.step);
    if (progress.step == InstallStep::Unpacking) unpacked.insert(progress.file);
    if (progress.total_bytes > 0) CHECK(progress.done_bytes <= progress.total_bytes);
  });
  REQUIRE(report.has_value());
  CHECK(steps == std::vector<InstallStep>{InstallStep::Checking, InstallStep::Unpacking,
                                          InstallStep::Replacing, InstallStep::Activating});
  CHECK(unpacked.size() == 3);
}
