// The variant with CUDA beside the one for the CPU: what it holds, what it refuses, and switching.

#include "lib/libtorch/home.h"
#include "lib/libtorch/install.h"
#include "tests/libtorch/fixture.h"

using fdl::Code;
using fdl::libtorch::active_folder;
using fdl::libtorch::install;
using fdl::libtorch::list_installed;
using fdl::testing::Bench;
using fdl::testing::check_fails;
using fdl::testing::cuda_release_of;
using fdl::testing::installed_tree;
using fdl::testing::kCublasWheel;
using fdl::testing::kCudartWheel;
using fdl::testing::kCudnnWheel;
using fdl::testing::kTorchWheel;
using fdl::testing::torch_entries;
using fdl::testing::Tree;
using fdl::testing::write_cuda_wheels;
using fdl::testing::zip_bytes;

namespace fs = std::filesystem;

namespace {

// A bench that installs the variant with CUDA.
struct CudaBench : Bench {
  fs::path folder = home.path() / "libtorch/precompiled/cu130";

  CudaBench() {
    write_cuda_wheels(wheels);
    options.release = cuda_release_of(wheels);
  }

  void replace_torch(const std::string& version, const std::string& cuda) {
    auto entries = torch_entries(version);
    entries.back().bytes = "__version__ = '" + version + "'\ncuda: Optional[str] = " + cuda + "\n";
    wheels.file(kTorchWheel, zip_bytes(entries));
    options.release = cuda_release_of(wheels);
  }
};

// The tree after an installation of both variants, cu130 the last.
Tree both_variants() {
  Tree tree = installed_tree();
  for (const auto& [name, text] : installed_tree()) {
    constexpr std::string_view kCpu = "precompiled/cpu";
    if (name.starts_with(kCpu)) tree["precompiled/cu130" + name.substr(kCpu.size())] = text;
  }
  const auto add = [&](const std::string& folder, const std::string& name) {
    tree["precompiled/cu130/lib/" + name] = folder + name;
  };
  for (const char* name : {"libtorch.so", "libtorch_cuda.so", "libtorch_cuda_linalg.so",
                           "libc10_cuda.so", "libtorch_nvshmem.so", "libcaffe2_nvrtc.so"})
    add("torch/lib/", name);
  for (const char* name : {"libcublas.so.13", "libcublasLt.so.13"}) add("nvidia/cu13/lib/", name);
  add("nvidia/cudnn/lib/", "libcudnn.so.9");
  tree["precompiled/cu130/build-version"] = "9.8.7+cu130\n";
  tree["precompiled/cu130/.arch"] =
      "cuda=13.0\ntorch=9.8.7\narchs=7.5 9.0\nsource=precompiled\nvariant=cu130\n";
  tree[".active"] = "precompiled/cu130\n";
  return tree;
}

}  // namespace

TEST_CASE("the variant with CUDA holds what the other leaves out, and leaves that one as it is") {
  CudaBench bench;
  Bench cpu;
  cpu.options.home = bench.home.path();
  REQUIRE(cpu.install().has_value());
  const auto report = bench.install();
  REQUIRE(report.has_value());
  CHECK(report->variant == "precompiled/cu130");
  CHECK(report->active);
  CHECK(bench.tree() == both_variants());
}

TEST_CASE("installing a variant that is there switches to it, both ways and without its origin") {
  CudaBench bench;
  Bench cpu;
  cpu.options.home = bench.home.path();
  REQUIRE(bench.install().has_value());
  REQUIRE(cpu.install().has_value());
  CHECK(list_installed(bench.home.path()).size() == 2);
  for (const Bench* const next : std::vector<const Bench*>{&bench, &cpu, &bench}) {
    auto options = next->options;
    options.from.clear();
    const auto report = install(options, {});
    REQUIRE(report.has_value());
    CHECK(report->already_there);
    CHECK(report->variant == "precompiled/" + options.release.variant);
    CHECK(*active_folder(bench.home.path()) == report->folder);
  }
}

TEST_CASE("each missing companion of the variant with CUDA is named") {
  CudaBench bench;
  for (const char* file : {kCudartWheel, kCublasWheel, kCudnnWheel})
    fs::remove(bench.wheels.path() / file);
  const auto outcome = bench.install();
  check_fails(outcome, Code::LibtorchSource, "it needs 'libcudart.so.13', which is not there");
  check_fails(outcome, Code::LibtorchSource,
              "nvidia-cuda-runtime==1.2.3, nvidia-cublas==1.2.3, nvidia-cudnn-cu13==1.2.3");
  CHECK(bench.tree() == Tree{{"precompiled", "/"}});
}

TEST_CASE("a build without CUDA, or with another, is not the variant with CUDA") {
  CudaBench bench;
  bench.replace_torch("9.8.7+cu126", "'12.6'");
  check_fails(bench.install(), Code::LibtorchSource, "it is built with CUDA 12.6");

  auto entries = torch_entries("9.8.7+cpu");
  std::erase_if(entries, [](const auto& entry) { return entry.name.ends_with("_cuda.so"); });
  entries.back().bytes = "__version__ = '9.8.7+cpu'\ncuda: Optional[str] = None\n";
  bench.wheels.file(kTorchWheel, zip_bytes(entries));
  bench.options.release = cuda_release_of(bench.wheels);
  check_fails(bench.install(), Code::LibtorchSource, "it needs 'libtorch_cuda.so'");
  CHECK(bench.tree() == Tree{{"precompiled", "/"}});
}

TEST_CASE("a variant with CUDA that lacks a library is installed again") {
  CudaBench bench;
  REQUIRE(bench.install().has_value());
  CHECK(bench.install()->already_there);
  for (const char* name : {"libtorch_cuda.so", "libcudnn.so.9"}) {
    CAPTURE(name);
    fs::remove(bench.folder / "lib" / name);
    CHECK_FALSE(bench.install()->already_there);
    CHECK(fs::exists(bench.folder / "lib" / name));
  }
}

TEST_CASE("an installed variant is an origin of itself alone") {
  CudaBench bench, other;
  REQUIRE(bench.install().has_value());
  other.options.from = bench.folder;
  REQUIRE(other.install().has_value());
  CHECK(other.tree() == bench.tree());

  Bench cpu;
  cpu.options.from = bench.folder;
  check_fails(cpu.install(), Code::LibtorchSource, "it is the build 9.8.7+cu130");
  REQUIRE_FALSE(fs::exists(cpu.home.path() / "libtorch/.active"));
  cpu.options.from = cpu.wheels.path();
  REQUIRE(cpu.install().has_value());
  other.options.from = cpu.home.path() / "libtorch/precompiled/cpu";
  other.options.force = true;
  check_fails(other.install(), Code::LibtorchSource, "it needs 'libtorch_cuda.so'");
}
