#include "lib/libtorch/origin.h"

#include <algorithm>
#include <cctype>

#include "tests/libtorch/fixture.h"

using fdl::Code;
using fdl::libtorch::find_origin;
using fdl::libtorch::find_pin;
using fdl::libtorch::find_release;
using fdl::libtorch::OriginKind;
using fdl::libtorch::Pin;
using fdl::libtorch::place_of;
using fdl::libtorch::Release;
using fdl::libtorch::releases;
using fdl::libtorch::variant_names;
using fdl::testing::Bench;
using fdl::testing::check_fails;
using fdl::testing::kCudartWheel;
using fdl::testing::kCuptiWheel;
using fdl::testing::kTorchWheel;

namespace fs = std::filesystem;

TEST_CASE("the pinned releases are consistent with themselves") {
  for (const Release& release : releases()) {
    REQUIRE(release.wheels.size() >= 3);
    CHECK(release.wheels[0].requirement == "torch==" + release.version);
    CHECK(release.wheels[0].file.rfind("torch-" + release.version + "-", 0) == 0);
    CHECK(release.version == releases().front().version);
    CHECK(find_release(release.variant) == &release);
    for (const Pin& pin : release.wheels) {
      CAPTURE(pin.file);
      const std::size_t equals = pin.requirement.find("==");
      REQUIRE(equals != std::string::npos);
      std::string start =
          pin.requirement.substr(0, equals) + "-" + pin.requirement.substr(equals + 2);
      std::replace(start.begin(), start.begin() + static_cast<std::ptrdiff_t>(equals), '-', '_');
      CHECK(pin.file.rfind(start + "-", 0) == 0);
      CHECK(pin.sha256.size() == 64);
      CHECK(pin.sha256.find_first_not_of("0123456789abcdef") == std::string::npos);
      CHECK(pin.num_bytes > 0);
      CHECK(find_pin(release, pin.file)->sha256 == pin.sha256);
    }
    CHECK(find_pin(release, "torch.whl") == nullptr);
  }
  CHECK(variant_names() == std::vector<std::string>{"cpu", "cu130"});
  CHECK(find_release("cu12") == nullptr);
}

TEST_CASE("no release leaves out what it needs") {
  for (const Release& release : releases()) {
    for (const Pin& pin : release.wheels) {
      const bool is_torch = &pin == release.wheels.data();
      for (const std::string& library : pin.libraries) {
        CAPTURE(library);
        const std::string entry = (is_torch ? "torch/lib/" : "nvidia/cu13/lib/") + library;
        CHECK(place_of(release, OriginKind::Wheels, pin.file, entry) == "lib/" + library);
      }
    }
  }
}

TEST_CASE("a folder of wheels and a single wheel bring their companions") {
  const Bench bench;
  for (const fs::path& from : {bench.wheels.path(), bench.wheels.path() / kTorchWheel}) {
    const auto origin = find_origin(from, bench.options.release);
    REQUIRE(origin.has_value());
    CHECK(origin->kind == OriginKind::Wheels);
    REQUIRE(origin->files.size() == 3);
    CHECK(origin->files[0] == bench.wheels.path() / kTorchWheel);
    CHECK(origin->files[1] == bench.wheels.path() / kCudartWheel);
    CHECK(origin->files[2] == bench.wheels.path() / kCuptiWheel);
  }
}

TEST_CASE("two torch wheels in a folder are refused, unless one is the pinned one") {
  const Bench bench;
  bench.wheels.file("torch-9.8.7-cp312-cp312-linux_x86_64.whl", "x");
  const auto pinned = find_origin(bench.wheels.path(), bench.options.release);
  REQUIRE(pinned.has_value());
  CHECK(pinned->files[0].filename() == kTorchWheel);
  fs::rename(bench.wheels.path() / kTorchWheel, bench.wheels.path() / "torch-9.8.7-other.whl");
  check_fails(find_origin(bench.wheels.path(), bench.options.release), Code::LibtorchSource,
              "'torch-9.8.7-cp312-cp312-linux_x86_64.whl' and 'torch-9.8.7-other.whl'");
}

TEST_CASE("torchvision's wheel is not torch's") {
  const Bench bench;
  fs::rename(bench.wheels.path() / kTorchWheel, bench.wheels.path() / "torchvision-1.whl");
  check_fails(find_origin(bench.wheels.path(), bench.options.release), Code::LibtorchSource,
              "holds neither a torch wheel nor");
}

TEST_CASE("what is no origin is refused with the kinds that are") {
  const Bench bench;
  const auto refused = [&](const std::string& name, const std::string& part) {
    check_fails(find_origin(bench.wheels.path() / name, bench.options.release),
                Code::LibtorchSource, part);
    check_fails(find_origin(bench.wheels.path() / name, bench.options.release),
                Code::LibtorchSource, "give a torch wheel (.whl)");
  };
  refused("nowhere", "there is no file or folder");
  refused(kCudartWheel, "is neither a torch wheel nor a libtorch zip");
  bench.wheels.file("notes.txt", "x");
  refused("notes.txt", "is neither a torch wheel nor a libtorch zip");
}

TEST_CASE("what is installed of a wheel, a zip and a folder") {
  const Release& cpu = *find_release("cpu");
  const auto torch = [&](std::string_view entry) {
    return place_of(cpu, OriginKind::Wheels, fs::path("/w") / kTorchWheel, entry);
  };
  const auto nvidia = [&](std::string_view entry) {
    return place_of(cpu, OriginKind::Wheels, fs::path("/w") / kCuptiWheel, entry);
  };
  const auto zip = [&](std::string_view entry) {
    return place_of(cpu, OriginKind::Zip, "/w/libtorch.zip", entry);
  };
  CHECK(torch("torch/lib/libtorch_cpu.so") == "lib/libtorch_cpu.so");
  CHECK(torch("torch/include/c10/cuda/CUDAStream.h") == "include/c10/cuda/CUDAStream.h");
  CHECK(torch("torch/share/cmake/x") == "share/cmake/x");
  CHECK(torch("torch/version.py") == "version.py");
  for (const char* left_out :
       {"torch/lib/libtorch_cuda.so", "torch/lib/libtorch_python.so", "torch/lib/libc10_cuda.so",
        "torch/lib/libtorch_cuda_linalg.so", "torch/lib/libtorch_nvshmem.so", "torch/lib/libshm.so",
        "torch/lib/libcaffe2_nvrtc.so", "torch/lib/libtorch.so", "torch/nn/__init__.py",
        "torch/bin/torch_shm_manager", "functorch/lib/libx.so", "torch-9.8.7.dist-info/RECORD"}) {
    CAPTURE(left_out);
    CHECK(torch(left_out) == "");
  }
  CHECK(nvidia("nvidia/cu13/lib/libcupti.so.13") == "lib/libcupti.so.13");
  CHECK(nvidia("nvidia/cuda_cupti/lib/libcupti.so.13") == "lib/libcupti.so.13");
  CHECK(nvidia("nvidia/cu13/lib/libcheckpoint.so") == "");
  CHECK(nvidia("nvidia/cu13/lib/libnvperf_target.so") == "");
  CHECK(nvidia("nvidia/cu13/lib/readme.txt") == "");
  CHECK(nvidia("nvidia/cu13/include/cupti.h") == "");
  CHECK(zip("libtorch/lib/libtorch.so") == "lib/libtorch.so");
  CHECK(zip("libtorch/build-version") == "build-version");
  CHECK(zip("other/lib/libc10.so") == "");
  CHECK(place_of(cpu, OriginKind::Folder, "/w/torch", "lib/libc10.so") == "lib/libc10.so");
  CHECK(place_of(cpu, OriginKind::Folder, "/w/torch", "nn/functional.py") == "");
}

TEST_CASE("the variant with CUDA keeps what computes on GPUs, and nothing of Python's") {
  const auto placed = [](const char* wheel, std::string_view entry) {
    return place_of(*find_release("cu130"), OriginKind::Wheels, fs::path("/w") / wheel, entry);
  };
  for (const char* name : {"libtorch_cpu.so", "libtorch_cuda.so", "libtorch.so", "libc10_cuda.so"})
    CHECK(placed(kTorchWheel, std::string("torch/lib/") + name) == std::string("lib/") + name);
  for (const char* name : {"libtorch_python.so", "libtorch_global_deps.so", "libshm.so"})
    CHECK(placed(kTorchWheel, std::string("torch/lib/") + name) == "");
  const char* const companion = "nvidia_cublas-1.2.3-py3-none-any.whl";
  CHECK(placed(companion, "nvidia/cudnn/lib/libcudnn.so.9") == "lib/libcudnn.so.9");
  for (const char* name : {"libnvblas.so.13", "libcudart_static.a", "libnvrtc.alt.so.13",
                           "libcusolverMg.so.12", "libcufile_rdma.so.1", "libcheckpoint.so"}) {
    CAPTURE(name);
    CHECK(placed(companion, std::string("nvidia/cu13/lib/") + name) == "");
  }
}
