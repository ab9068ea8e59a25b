#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/cuda/epilogue.h"
#include "lib/cuda/tasks.h"
#include "lib/cuda/update_task.h"

// What needs CUDA and not only tensors on it. libfdl_cuda.so has it, which is opened when a job
// asks for a GPU: the programs link nothing of CUDA.
namespace fdl::cuda {

// Work that CUDA took down instead of doing it, to be done again and again with the same memory: a
// CUDA graph. Throws c10::Error.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void begin() = 0;    // from here on this thread's work is taken down
  virtual void end() = 0;      // up to here
  virtual void abandon() = 0;  // instead, where something failed since begin()
  virtual void replay() = 0;   // on this thread's stream; returns before it is done
};

// All of it is of the calling thread's device. Throws c10::Error.
class Backend {
 public:
  virtual int num_devices() = 0;
  virtual std::string name(int device) = 0;
  // This thread's work goes to that device from now on, and to a stream of its own, as recordings
  // need it.
  virtual void enter(int device) = 0;
  // Large products of f32 run on the GPU's matrix units from now on, where it has fast ones.
  virtual void take_products() = 0;
  virtual void wait() = 0;  // until the stream has nothing left to do
  // Between begin_aside() and end_aside() the thread's work goes to a second stream, which overlaps
  // with the first but waits for what that had up to mark(). join(): the first waits for it.
  virtual void mark() = 0;
  virtual void begin_aside() = 0;
  virtual void end_aside() = 0;
  virtual void join() = 0;
  virtual std::unique_ptr<Recording> make_recording() = 0;
  virtual void fill_mask(const at::Tensor& mask, const MaskDraw& draw) = 0;  // f32, contiguous
  virtual void fill_noise(const at::Tensor& out, Noise noise, const Draw& draw) = 0;  // f64
  // A recorded step begins with its rate, the scale of its loss and its number, from pinned scalars,
  // and with nothing to skip.
  struct StepScalars {
    at::Tensor lr_here, scale_here, step_here;  // f32, f32 and i64, pinned
    at::Tensor lr, scale, step;                 // the same on the device
    at::Tensor skips, counts;                   // f32 on the device: become 0 and 1
  };
  virtual void start_step(const StepScalars& scalars) = 0;
  // Where a number of these f32 tensors is not finite, skips becomes 1 and counts 0.
  virtual void find_not_finite(const std::vector<at::Tensor>& tensors,
                               const StepScalars& scalars) = 0;
  // Each of `from` into its place among `to`, which are as large; all contiguous on the device.
  virtual void copy(const std::vector<at::Tensor>& from, const std::vector<at::Tensor>& to) = 0;
  virtual void softmax_loss(const SoftmaxLossTask& task) = 0;
  // f32[N, C] of the scores, times the scalar `given`.
  virtual void softmax_loss_gradient(const SoftmaxLossTask& task, const at::Tensor& given,
                                     const at::Tensor& gradient_NC) = 0;
  virtual void epilogue(const Epilogue& task) = 0;
  // After epilogue() of the same task.
  virtual void epilogue_gradients(const Epilogue& task, const EpilogueGradients& gradients) = 0;
  virtual void update(const UpdateTask& task) = 0;
  // Writes scalars of f32, f64 or i64 that are on the device to `out`, f64 and pinned: once wait()
  // has returned, they can be read there.
  virtual void write_numbers(const std::vector<at::Tensor>& scalars, const at::Tensor& out) = 0;
  // The most memory that tensors had at one time, in bytes.
  virtual std::int64_t peak_bytes(int device) = 0;

 protected:
  ~Backend() = default;
};

// Opens the CUDA half of the libtorch that this program runs with, and libfdl_cuda.so; at first
// use, which must be before anything asks libtorch about CUDA. Errors: FDL5501 where there is no
// such half, FDL5502 where there is no device.
Result<Backend*> open();

// What open() found; it must have been called.
Backend& backend();

}  // namespace fdl::cuda
