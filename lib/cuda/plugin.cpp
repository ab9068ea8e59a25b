// libfdl_cuda.so. It links nothing of CUDA: backend.cpp has opened what it calls.
#include <optional>

#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include "lib/base/check.h"
#include "lib/cuda/backend.h"
#include "lib/cuda/epilogue_kernels.h"
#include "lib/cuda/kernels.h"
#include "lib/cuda/products.h"
#include "lib/cuda/update_kernels.h"

namespace fdl::cuda {
namespace {

class Graph final : public Recording {
 public:
  // Other threads may go on with what they do; only this one's calls must be fit to be taken down.
  void begin() override { graph_.capture_begin(pool_, cudaStreamCaptureModeThreadLocal); }
  void end() override { graph_.capture_end(); }
  void abandon() override {
    try {
      graph_.capture_end();
    } catch (const c10::Error&) {
      // It throws before it has told the allocator.
      const auto device = c10::cuda::getCurrentCUDAStream().device_index();
      c10::cuda::CUDACachingAllocator::endAllocateToPool(device, pool_);
    }
    static_cast<void>(cudaGetLastError());  // what failed is known
  }
  void replay() override { graph_.replay(); }

 private:
  at::cuda::MempoolId_t pool_ = at::cuda::graph_pool_handle();
  at::cuda::CUDAGraph graph_;
};

class CudaBackend final : public Backend {
 public:
  int num_devices() override { return c10::cuda::device_count(); }

  std::string name(int device) override {
    cudaDeviceProp found{};
    C10_CUDA_CHECK(cudaGetDeviceProperties(&found, device));
    return found.name;
  }

  void enter(int device) override {
    const auto index = static_cast<c10::DeviceIndex>(device);
    c10::cuda::set_device(index);
    own_ = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, index);
    aside_ = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, index);
    c10::cuda::setCurrentCUDAStream(*own_);
  }

  void take_products() override { cuda::take_products(); }

  void wait() override { c10::cuda::getCurrentCUDAStream().synchronize(); }

  void mark() override { marked_.record(*own_); }
  void begin_aside() override {
    marked_.block(*aside_);
    c10::cuda::setCurrentCUDAStream(*aside_);
  }
  void end_aside() override {
    done_aside_.record(*aside_);
    c10::cuda::setCurrentCUDAStream(*own_);
  }
  void join() override { done_aside_.block(*own_); }

  std::unique_ptr<Recording> make_recording() override { return std::make_unique<Graph>(); }

  void fill_mask(const at::Tensor& mask, const MaskDraw& draw) override {
    FDL_CHECK(mask.is_cuda() && mask.is_contiguous() && mask.scalar_type() == at::kFloat);
    if (mask.numel() == 0) return;
    C10_CUDA_CHECK(launch_mask(mask.mutable_data_ptr<float>(), mask.numel() / draw.num_rows, draw,
                               c10::cuda::getCurrentCUDAStream()));
  }

  void fill_noise(const at::Tensor& out, Noise noise, const Draw& draw) override {
    FDL_CHECK(out.is_cuda() && out.is_contiguous() && out.scalar_type() == at::kDouble);
    if (out.numel() == 0) return;
    C10_CUDA_CHECK(launch_noise(out.mutable_data_ptr<double>(), out.numel() / draw.num_rows, noise,
                                draw, c10::cuda::getCurrentCUDAStream()));
  }

  void start_step(const StepScalars& s) override {
    for (const at::Tensor* one : {&s.lr_here, &s.scale_here, &s.step_here})
      FDL_CHECK(one->is_pinned());
    C10_CUDA_CHECK(
        launch_start({s.lr_here.const_data_ptr<float>(), s.scale_here.const_data_ptr<float>(),
                      s.step_here.const_data_ptr<std::int64_t>(), s.lr.mutable_data_ptr<float>(),
                      s.scale.mutable_data_ptr<float>(), s.skips.mutable_data_ptr<float>(),
                      s.counts.mutable_data_ptr<float>(), s.step.mutable_data_ptr<std::int64_t>()},
                     c10::cuda::getCurrentCUDAStream()));
  }

  void find_not_finite(const std::vector<at::Tensor>& tensors, const StepScalars& s) override {
    Stretches some;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      FDL_CHECK(tensors[i].is_contiguous());
      some.at[some.count] = tensors[i].const_data_ptr<float>();
      some.num_elements[some.count] = tensors[i].numel();
      ++some.count;
      if (some.count < Stretches::kMost && i + 1 < tensors.size()) continue;
      C10_CUDA_CHECK(launch_find_not_finite(some, s.skips.mutable_data_ptr<float>(),
                                            s.counts.mutable_data_ptr<float>(),
                                            c10::cuda::getCurrentCUDAStream()));
      some.count = 0;
    }
  }

  void copy(const std::vector<at::Tensor>& from, const std::vector<at::Tensor>& to) override {
    FDL_CHECK(from.size() == to.size());
    Copies some;
    for (std::size_t i = 0; i < from.size(); ++i) {
      FDL_CHECK(from[i].is_contiguous() && to[i].is_contiguous());
      FDL_CHECK(from[i].nbytes() == to[i].nbytes());
      some.from[some.count] = from[i].const_data_ptr();
      some.to[some.count] = to[i].mutable_data_ptr();
      some.bytes[some.count] = static_cast<std::int64_t>(from[i].nbytes());
      ++some.count;
      if (some.count < Copies::kMost && i + 1 < from.size()) continue;
      C10_CUDA_CHECK(launch_copies(some, c10::cuda::getCurrentCUDAStream()));
      some.count = 0;
    }
  }

  void softmax_loss(const SoftmaxLossTask& task) override {
    C10_CUDA_CHECK(launch_softmax_loss(task, c10::cuda::getCurrentCUDAStream()));
  }
  void softmax_loss_gradient(const SoftmaxLossTask& task, const at::Tensor& given,
                             const at::Tensor& gradient_NC) override {
    C10_CUDA_CHECK(launch_softmax_loss_gradient(task, given.const_data_ptr<float>(),
                                                gradient_NC.mutable_data_ptr<float>(),
                                                c10::cuda::getCurrentCUDAStream()));
  }

  void epilogue(const Epilogue& task) override {
    C10_CUDA_CHECK(launch_epilogue(task, c10::cuda::getCurrentCUDAStream()));
  }
  void epilogue_gradients(const Epilogue& task, const EpilogueGradients& gradients) override {
    C10_CUDA_CHECK(launch_epilogue_gradients(task, gradients, c10::cuda::getCurrentCUDAStream()));
  }

  void update(const UpdateTask& task) override {
    const auto bytes = static_cast<std::int64_t>(task.places.size() * kPreparedBytes);
    const c10::cuda::CUDAStream stream = c10::cuda::getCurrentCUDAStream();
    const at::Tensor prepared =
        at::empty({bytes}, at::TensorOptions(at::kByte).device(stream.device()));
    C10_CUDA_CHECK(launch_update(task, prepared.mutable_data_ptr(), stream));
  }

  void write_numbers(const std::vector<at::Tensor>& scalars, const at::Tensor& out) override {
    FDL_CHECK(out.scalar_type() == at::kDouble && out.is_pinned());
    FDL_CHECK(out.numel() >= static_cast<std::int64_t>(scalars.size()));
    auto* to = out.mutable_data_ptr<double>();
    Scalars some;
    for (std::size_t i = 0; i < scalars.size(); ++i) {
      some.at[some.count] = scalars[i].const_data_ptr();
      some.kinds[some.count] = kind_of(scalars[i]);
      ++some.count;
      if (some.count < Scalars::kMost && i + 1 < scalars.size()) continue;
      C10_CUDA_CHECK(launch_write(some, to, c10::cuda::getCurrentCUDAStream()));
      to += some.count;
      some.count = 0;
    }
  }

  std::int64_t peak_bytes(int device) override {
    const auto stats =
        c10::cuda::CUDACachingAllocator::getDeviceStats(static_cast<c10::DeviceIndex>(device));
    return stats.allocated_bytes[0].peak;
  }

 private:
  static Scalars::Kind kind_of(const at::Tensor& scalar) {
    FDL_CHECK(scalar.is_cuda() && scalar.numel() == 1);
    if (scalar.scalar_type() == at::kFloat) return Scalars::Kind::F32;
    if (scalar.scalar_type() == at::kDouble) return Scalars::Kind::F64;
    FDL_CHECK(scalar.scalar_type() == at::kLong);
    return Scalars::Kind::I64;
  }

  std::optional<c10::cuda::CUDAStream> own_, aside_;
  at::cuda::CUDAEvent marked_, done_aside_;
};

}  // namespace
}  // namespace fdl::cuda

extern "C" __attribute__((visibility("default"))) fdl::cuda::Backend* fdl_cuda_backend() {
  static fdl::cuda::CudaBackend backend;
  return &backend;
}
