#include "lib/libtorch/release.h"

namespace fdl::libtorch {

Release pinned_release() {
  Release release;
  release.version = "2.11.0";
  release.variant = "cpu";
  release.cuda = "none";
  release.archs = "cpu";
  release.wheels = {
      {"torch==2.11.0", "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
       "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a", 530604548},
      {"nvidia-cuda-runtime==13.0.96",
       "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
       "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548", 2243632},
      {"nvidia-cuda-cupti==13.0.85", "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
       "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8", 10715597}};
  release.cuda_libraries = {"libcudart.so.13", "libcupti.so.13"};
  return release;
}

const Pin* find_pin(const Release& release, const std::string& file) {
  for (const Pin& pin : release.wheels) {
    if (pin.file == file) return &pin;
  }
  return nullptr;
}

}  // namespace fdl::libtorch
