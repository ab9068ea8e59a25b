#include "lib/libtorch/release.h"

#include <utility>

namespace fdl::libtorch {
namespace {

constexpr const char* kVersion = "2.11.0";

Pin torch_wheel(std::vector<std::string> libraries) {
  return {"torch==2.11.0", "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
          "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a", 530604548,
          std::move(libraries)};
}

// What libtorch_cpu itself loads, as torch's wheel is built with CUDA.
std::vector<Pin> companions_of_cpu() {
  return {{"nvidia-cuda-runtime==13.0.96",
           "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
           "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
           2243632,
           {"libcudart.so.13"}},
          {"nvidia-cuda-cupti==13.0.85",
           "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
           "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
           10715597,
           {"libcupti.so.13"}}};
}

// What libtorch_cuda and libtorch_cuda_linalg compute with (readelf -d). cudnn loads its parts by
// their names.
std::vector<Pin> companions_of_cuda() {
  return {{"nvidia-cublas==13.1.0.3",
           "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl",
           "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
           423133236,
           {"libcublas.so.13", "libcublasLt.so.13"}},
          {"nvidia-cudnn-cu13==9.19.0.56",
           "nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_x86_64.whl",
           "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
           366066321,
           {"libcudnn.so.9", "libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_cnn.so.9",
            "libcudnn_adv.so.9", "libcudnn_heuristic.so.9", "libcudnn_engines_precompiled.so.9",
            "libcudnn_engines_runtime_compiled.so.9"}},
          {"nvidia-cufft==12.0.0.61",
           "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
           "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
           214085489,
           {"libcufft.so.12"}},
          {"nvidia-curand==10.4.0.35",
           "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
           "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
           59544258,
           {"libcurand.so.10"}},
          {"nvidia-cusolver==12.0.4.66",
           "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_x86_64.whl",
           "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
           200941980,
           {"libcusolver.so.12"}},
          {"nvidia-cusparse==12.6.3.3",
           "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
           "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
           145942937,
           {"libcusparse.so.12"}},
          {"nvidia-cusparselt-cu13==0.8.0",
           "nvidia_cusparselt_cu13-0.8.0-py3-none-manylinux2014_x86_64.whl",
           "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
           169884119,
           {"libcusparseLt.so.0"}}};
}

// What is loaded with them (readelf -d): to read files, to talk to other GPUs, and to make kernels
// while a program runs. libcaffe2_nvrtc, cublasLt, cufft and cudnn load nvrtc by its name.
std::vector<Pin> helpers_of_cuda() {
  return {{"nvidia-cufile==1.15.1.6",
           "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
           "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
           1223672,
           {"libcufile.so.0"}},
          {"nvidia-nccl-cu13==2.28.9",
           "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl",
           "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
           196493177,
           {"libnccl.so.2"}},
          {"nvidia-nvshmem-cu13==3.4.5",
           "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
           "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
           60412546,
           {"libnvshmem_host.so.3"}},
          {"nvidia-nvjitlink==13.0.88",
           "nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
           "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
           40713933,
           {"libnvJitLink.so.13"}},
          {"nvidia-cuda-nvrtc==13.0.88",
           "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
           "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
           90215200,
           {"libnvrtc.so.13", "libnvrtc-builtins.so.13.0"}}};
}

// What only Python loads, and CUPTI's profiling extras.
std::vector<std::string> left_out_of_all() {
  return {"torch_python", "global_deps", "libshm", "nvperf", "pcsamplingutil", "libcheckpoint"};
}

Release cpu_release() {
  Release release;
  release.version = kVersion;
  release.variant = "cpu";
  release.about = "CPUs alone";
  release.cuda = "none";
  release.archs = "cpu";
  release.wheels = companions_of_cpu();
  release.wheels.insert(release.wheels.begin(), torch_wheel({}));
  release.left_out = left_out_of_all();
  // What libtorch_cpu and libc10 do not load (readelf -d).
  for (const char* part :
       {"torch_cuda", "cudalinalg", "cuda_linalg", "nvshmem", "c10_cuda", "caffe2_nvrtc"})
    release.left_out.emplace_back(part);
  return release;
}

Release cu130_release() {
  Release release;
  release.version = kVersion;
  release.variant = "cu130";
  release.about = "NVIDIA GPUs too";
  release.cuda = "13.0";
  release.archs = "7.5 8.0 8.6 9.0 10.0 12.0";
  release.wheels = companions_of_cpu();
  release.wheels.insert(
      release.wheels.begin(),
      torch_wheel({"libtorch_cuda.so", "libtorch_cuda_linalg.so", "libtorch_nvshmem.so",
                   "libc10_cuda.so", "libcaffe2_nvrtc.so"}));
  for (const Pin& pin : companions_of_cuda()) release.wheels.push_back(pin);
  for (const Pin& pin : helpers_of_cuda()) release.wheels.push_back(pin);
  release.left_out = left_out_of_all();
  // Interfaces of CUDA's libraries to other programs, and to other machines.
  for (const char* part : {"libnvblas", "libcufftw", "libcusolverMg", "libcufile_rdma", ".alt.so"})
    release.left_out.emplace_back(part);
  return release;
}

}  // namespace

const std::vector<Release>& releases() {
  static const std::vector<Release> kReleases = {cpu_release(), cu130_release()};
  return kReleases;
}

const Release* find_release(std::string_view variant) {
  for (const Release& release : releases()) {
    if (release.variant == variant) return &release;
  }
  return nullptr;
}

std::vector<std::string> variant_names() {
  std::vector<std::string> out;
  for (const Release& release : releases()) out.push_back(release.variant);
  return out;
}

const Pin* find_pin(const Release& release, const std::string& file) {
  for (const Pin& pin : release.wheels) {
    if (pin.file == file) return &pin;
  }
  return nullptr;
}

}  // namespace fdl::libtorch
