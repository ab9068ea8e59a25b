// Each way an installation can fail, once into an empty home and once over a former installation.
// In both the home must be afterwards what it was before, down to the byte.

#include <csignal>
#include <functional>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/libtorch/install.h"
#include "tests/libtorch/fixture.h"

using fdl::Code;
using fdl::testing::Bench;
using fdl::testing::bytes_of;
using fdl::testing::check_fails;
using fdl::testing::installed_tree;
using fdl::testing::kCudartWheel;
using fdl::testing::kTorchWheel;
using fdl::testing::release_of;
using fdl::testing::torch_entries;
using fdl::testing::Tree;
using fdl::testing::zip_bytes;
using fdl::testing::ZipEntry;

namespace fs = std::filesystem;

namespace {

struct Failure {
  Code code;
  std::string part;  // of the message, its notes or its help
};

void check_harmless(const std::function<void(Bench&)>& spoil, const Failure& expected) {
  for (const bool has_former : {false, true}) {
    CAPTURE(has_former);
    Bench former("former"), bench("new");
    if (has_former) REQUIRE(former.install().has_value());
    if (has_former) bench.options.home = former.home.path();
    bench.options.force = true;
    spoil(bench);
    check_fails(bench.install(), expected.code, expected.part);
    if (has_former) {
      CHECK(former.tree() == installed_tree("former"));
    } else {
      CHECK(bench.tree() == Tree{{"precompiled", "/"}});
    }
  }
}

// Puts `entries` in the place of the torch wheel, with its hash in the pin.
void replace_torch(Bench& bench, const std::vector<ZipEntry>& entries) {
  bench.wheels.file(kTorchWheel, zip_bytes(entries));
  bench.options.release = release_of(bench.wheels);
}

std::vector<ZipEntry> torch_with(const ZipEntry& entry) {
  std::vector<ZipEntry> entries = torch_entries("9.8.7+cu130");
  entries.push_back(entry);
  return entries;
}

}  // namespace

TEST_CASE("a wheel with a pinned name and another hash is refused") {
  for (const char* file : {kTorchWheel, kCudartWheel}) {
    check_harmless(
        [&](Bench& bench) {
          std::string bytes = bytes_of(bench.wheels.path() / file);
          bytes.back() ^= 1;
          bench.wheels.file(file, bytes);
        },
        {Code::LibtorchHash, file});
  }
}

TEST_CASE("an unsafe archive is refused after it was half unpacked") {
  const auto refused = [](const ZipEntry& entry, const std::string& part) {
    check_harmless([&](Bench& bench) { replace_torch(bench, torch_with(entry)); },
                   {Code::ArchiveUnsafe, part});
  };
  refused({.name = "torch/lib/../../../evil", .bytes = "x"}, "'torch/lib/../../../evil'");
  refused({.name = "/evil", .bytes = "x"}, "'/evil'");
  refused({.name = "torch/lib/libx.so", .bytes = "/etc/passwd", .mode = 0120777}, "is a link");
  refused({.name = "torch/lib/null", .mode = 0020666}, "is neither a file nor a folder");
  refused({.name = "torch/lib/libc10.so", .bytes = "x"}, "is there twice");
}

TEST_CASE("a bomb is refused by what it declares, also in entries that are not installed") {
  check_harmless(
      [](Bench& bench) {
        auto entries = torch_entries("9.8.7+cu130");
        for (const char* name : {"x/1", "x/2"})
          entries.push_back({.name = name, .declared_bytes = 0xfffffff0});
        replace_torch(bench, entries);
      },
      {Code::ArchiveUnsafe, "entry 'x/2'"});
}

TEST_CASE("a truncated or damaged wheel that is not pinned is refused") {
  check_harmless(
      [](Bench& bench) {
        const std::string bytes = bytes_of(bench.wheels.path() / kTorchWheel);
        fs::remove(bench.wheels.path() / kTorchWheel);
        bench.wheels.file("torch-9.8.7-other.whl", bytes.substr(0, bytes.size() / 2));
      },
      {Code::LibtorchSource, "torch-9.8.7-other.whl' is damaged"});
  check_harmless(
      [](Bench& bench) {
        replace_torch(
            bench, torch_with({.name = "torch/lib/libz.so", .bytes = "x", .wrong_checksum = true}));
      },
      {Code::LibtorchSource, "is damaged at entry 'torch/lib/libz.so'"});
}

TEST_CASE("another version is refused") {
  check_harmless([](Bench& bench) { replace_torch(bench, torch_entries("9.8.70")); },
                 {Code::LibtorchSource, "it is version 9.8.70"});
}

TEST_CASE("another variant is refused") {
  check_harmless(
      [](Bench& bench) {
        const auto entry = [](const char* name, const char* bytes) {
          return ZipEntry{.name = name, .bytes = bytes};
        };
        bench.options.from = bench.wheels.file(
            "libtorch.zip", zip_bytes({entry("libtorch/lib/libtorch_cpu.so", "x"),
                                       entry("libtorch/lib/libc10.so", "x"),
                                       entry("libtorch/include/ATen/ATen.h", "x"),
                                       entry("libtorch/build-version", "9.8.7+cu128\n")}));
      },
      {Code::LibtorchSource, "it is the build 9.8.7+cu128"});
}

TEST_CASE("an archive without what every program needs is refused, by the file's name") {
  for (const std::string name :
       {"torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/include/ATen/ATen.h"}) {
    check_harmless(
        [&](Bench& bench) {
          auto entries = torch_entries("9.8.7+cu130");
          std::erase_if(entries, [&](const ZipEntry& entry) { return entry.name == name; });
          replace_torch(bench, entries);
        },
        {Code::LibtorchSource, "it holds no '" + name.substr(6) + "'"});
  }
}

TEST_CASE("a libtorch that does not say its version is refused") {
  check_harmless(
      [](Bench& bench) {
        auto entries = torch_entries("9.8.7");
        std::erase_if(entries, [](const ZipEntry& e) { return e.name == "torch/version.py"; });
        replace_torch(bench, entries);
      },
      {Code::LibtorchSource, "does not say which version it is"});
}

TEST_CASE("a wheel built with CUDA needs its companions; one built without does not") {
  const auto drop = [](Bench& bench) { fs::remove(bench.wheels.path() / kCudartWheel); };
  check_harmless(drop, {Code::LibtorchSource, "'libcudart.so.13'"});
  check_harmless(
      [](Bench& bench) {
        bench.wheels.file(kCudartWheel, zip_bytes({{.name = "nvidia/lib/x.txt", .bytes = "x"}}));
        bench.options.release = release_of(bench.wheels);
      },
      {Code::LibtorchSource, "all in one folder: nvidia-cuda-runtime==1.2.3"});

  Bench bench;
  auto entries = torch_entries("9.8.7+cpu");
  entries.back().bytes = "__version__ = '9.8.7+cpu'\ncuda: Optional[str] = None\n";
  replace_torch(bench, entries);
  drop(bench);
  CHECK(bench.install().has_value());
}

TEST_CASE("a full disk is refused with the system's reason") {
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit former{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &former) == 0);
  check_harmless(
      [&](Bench& bench) {
        replace_torch(bench, torch_with({.name = "torch/lib/liblarge.so",
                                         .bytes = std::string(200'000, 'x'),
                                         .deflated = true}));
        const rlimit small{100'000, former.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
      },
      {Code::CannotWrite, "File too large"});
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &former) == 0);
  std::signal(SIGXFSZ, handler);
}

TEST_CASE("what --from names is looked at before anything is written") {
  Bench bench;
  bench.options.from = bench.wheels.path() / "nowhere";
  check_fails(bench.install(), Code::LibtorchSource, "nowhere");
  CHECK(fs::is_empty(bench.home.path()));
}

TEST_CASE("after any failure the next install works") {
  Bench bench;
  const std::string good = bytes_of(bench.wheels.path() / kTorchWheel);
  bench.wheels.file(kTorchWheel, good + "x");
  check_fails(bench.install(), Code::LibtorchHash, kTorchWheel);
  bench.wheels.file(kTorchWheel, good);
  REQUIRE(bench.install().has_value());
  CHECK(bench.tree() == installed_tree());
}
