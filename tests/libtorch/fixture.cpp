#include "tests/libtorch/fixture.h"

#include <algorithm>

#include "lib/base/sha256.h"

namespace fdl::testing {
namespace {

namespace fs = std::filesystem;

std::vector<ZipEntry> marked(const std::vector<std::string>& names, const std::string& mark) {
  std::vector<ZipEntry> out;
  for (const std::string& name : names)
    out.push_back({.name = name, .bytes = name.back() == '/' ? "" : name + mark});
  return out;
}

// "torch==9.8.7" of "torch-9.8.7-cp311-cp311-linux_x86_64.whl".
std::string requirement_of(const std::string& wheel) {
  const std::size_t first = wheel.find('-'), second = wheel.find('-', first + 1);
  std::string project = wheel.substr(0, first);
  std::replace(project.begin(), project.end(), '_', '-');
  return project + "==" + wheel.substr(first + 1, second - first - 1);
}

libtorch::Pin pin_of(const TemporaryFolder& folder, const char* wheel,
                     std::vector<std::string> libraries) {
  const std::string bytes = bytes_of(folder.path() / wheel);
  return {requirement_of(wheel), wheel, sha256_hex(bytes), bytes.size(), std::move(libraries)};
}

}  // namespace

std::vector<ZipEntry> torch_entries(const std::string& version, const std::string& mark) {
  std::vector<ZipEntry> out = marked(
      {"torch/", "torch/__init__.py", "torch/lib/", "torch/lib/libtorch_cpu.so",
       "torch/lib/libc10.so", "torch/lib/libgomp.so.1", "torch/lib/libtorch.so",
       "torch/lib/libtorch_cuda.so", "torch/lib/libtorch_cuda_linalg.so",
       "torch/lib/libc10_cuda.so", "torch/lib/libtorch_python.so", "torch/lib/libtorch_nvshmem.so",
       "torch/lib/libcaffe2_nvrtc.so", "torch/include/ATen/ATen.h",
       "torch/share/cmake/Torch/TorchConfig.cmake", "torch-9.8.7.dist-info/RECORD"},
      mark);
  for (ZipEntry& entry : out) entry.deflated = entry.name.back() != '/';
  out.push_back({.name = "torch/version.py",
                 .bytes = "__all__ = ['__version__']\n__version__ = '" + version +
                          "'\ndebug = False\ncuda: Optional[str] = '13.0'\n"});
  return out;
}

std::vector<ZipEntry> cudart_entries(const std::string& mark) {
  return marked({"nvidia/cu13/lib/libcudart.so.13", "nvidia/cu13/include/cuda.h"}, mark);
}

std::vector<ZipEntry> cupti_entries(const std::string& mark) {
  return marked({"nvidia/cu13/lib/libcupti.so.13", "nvidia/cu13/lib/libnvperf_host.so",
                 "nvidia/cu13/lib/libpcsamplingutil.so", "nvidia/cu13/lib/libcheckpoint.so"},
                mark);
}

void write_wheels(const TemporaryFolder& folder, const std::string& mark) {
  folder.file(kTorchWheel, zip_bytes(torch_entries("9.8.7+cu130", mark)));
  folder.file(kCudartWheel, zip_bytes(cudart_entries(mark)));
  folder.file(kCuptiWheel, zip_bytes(cupti_entries(mark)));
}

void write_cuda_wheels(const TemporaryFolder& folder) {
  folder.file(kCublasWheel,
              zip_bytes(marked({"nvidia/cu13/lib/libcublas.so.13", "nvidia/cu13/include/cublas.h",
                                "nvidia/cu13/lib/libcublasLt.so.13",
                                "nvidia/cu13/lib/libnvblas.so.13", "nvidia/cu13/lib/libx.a"},
                               "")));
  folder.file(kCudnnWheel, zip_bytes(marked({"nvidia/cudnn/lib/libcudnn.so.9"}, "")));
}

libtorch::Release release_of(const TemporaryFolder& folder) {
  libtorch::Release release;
  release.version = "9.8.7";
  release.variant = "cpu";
  release.cuda = "none";
  release.archs = "cpu";
  release.left_out = libtorch::find_release("cpu")->left_out;
  release.wheels = {pin_of(folder, kTorchWheel, {}),
                    pin_of(folder, kCudartWheel, {"libcudart.so.13"}),
                    pin_of(folder, kCuptiWheel, {"libcupti.so.13"})};
  return release;
}

libtorch::Release cuda_release_of(const TemporaryFolder& folder) {
  libtorch::Release release = release_of(folder);
  release.variant = "cu130";
  release.cuda = "13.0";
  release.archs = "7.5 9.0";
  release.left_out = libtorch::find_release("cu130")->left_out;
  release.wheels[0].libraries = {"libtorch_cuda.so", "libc10_cuda.so"};
  release.wheels.push_back(pin_of(folder, kCublasWheel, {"libcublas.so.13", "libcublasLt.so.13"}));
  release.wheels.push_back(pin_of(folder, kCudnnWheel, {"libcudnn.so.9"}));
  return release;
}

Tree tree_of(const fs::path& home) {
  Tree tree;
  const fs::path root = home / "libtorch";
  if (!fs::exists(root)) return tree;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = entry.path().lexically_relative(root).string();
    if (name == ".lock") continue;
    tree[name] = entry.is_directory() ? "/" : bytes_of(entry.path());
  }
  return tree;
}

Tree installed_tree(const std::string& mark) {
  Tree tree;
  for (const char* folder :
       {"", "/lib", "/include", "/include/ATen", "/share", "/share/cmake", "/share/cmake/Torch"})
    tree[std::string("precompiled/cpu") + folder] = "/";
  for (const char* file : {"lib/libtorch_cpu.so", "lib/libc10.so", "lib/libgomp.so.1",
                           "include/ATen/ATen.h", "share/cmake/Torch/TorchConfig.cmake"})
    tree[std::string("precompiled/cpu/") + file] = std::string("torch/") + file + mark;
  for (const char* file : {"lib/libcudart.so.13", "lib/libcupti.so.13"})
    tree[std::string("precompiled/cpu/") + file] = std::string("nvidia/cu13/") + file + mark;
  tree["precompiled"] = "/";
  tree["precompiled/cpu/build-version"] = "9.8.7\n";
  tree["precompiled/cpu/.arch"] =
      "cuda=none\ntorch=9.8.7\narchs=cpu\nsource=precompiled\nvariant=cpu\n";
  tree[".active"] = "precompiled/cpu\n";
  return tree;
}

void write_file(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  REQUIRE(out.good());
}

Bench::Bench(const std::string& mark) {
  write_wheels(wheels, mark);
  options.home = home.path();
  options.from = wheels.path();
  options.release = release_of(wheels);
}

}  // namespace fdl::testing
