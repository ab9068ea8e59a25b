#pragma once

#include <vector>

#include "lib/kernels/gemm.h"
#include "lib/nn/step_context.h"
#include "lib/plan/chains.h"

// Computes a chain over memory that is there already. Inside lib/exec.
namespace fdl::exec {

// The tensors of a part and the gradients of those: weight and bias of a linear, or of a norm.
struct PartTensors {
  const float *weight = nullptr, *bias = nullptr;
  std::int64_t num_weights = 0;
  float *weight_gradient = nullptr, *bias_gradient = nullptr;  // null: nobody wants it
  bool weight_adds = false, bias_adds = false;  // to what a later part left: one tensor, two parts
  const kernels::RightFactor* ordered = nullptr;  // the weight, where this pass has it in order
};

// One forward and backward pass: where everything lies.
struct ChainMemory {
  const plan::ChainLayout* layout = nullptr;
  std::int64_t num_rows = 0;
  std::vector<const float*> reads;  // contiguous
  std::vector<float*> makes;
  float* forward = nullptr;
  std::vector<PartTensors> tensors;  // of each part

  // Of the backward pass.
  std::vector<const float*> make_gradients;
  std::vector<float*> read_gradients;  // null: nobody wants it
  float* backward = nullptr;
};

// What a dropout of a part draws; p is 0 where nothing is dropped.
struct DropDraw {
  double p = 0;
  tensor::StreamKey key{0, tensor::Purpose::Dropout};
  tensor::Lanes lanes;
};
DropDraw draw_of(const plan::Chain::Part& part, const nn::StepContext& context);

// The weight of a part that is a product, as the right factor of its forward or backward pass.
enum class Direction { Forward, Backward };
kernels::RightFactor right_factor(const plan::Chain& chain, int part, const float* weight,
                                  Direction direction, std::int64_t num_rows);

class ChainPass {
 public:
  ChainPass(const plan::Chain& chain, const std::vector<std::pair<int, int>>& groups,
            const ChainMemory& memory, std::vector<float>& sums)
      : chain_(chain), groups_(groups), at_(memory), sums_(sums) {}

  // `draws`: of each part, those of dropouts are looked at; `num_samples` rows of the batch share
  // the rows evenly.
  void forward(const std::vector<DropDraw>& draws, std::int64_t num_samples) const;
  void backward(const std::vector<DropDraw>& draws) const;

 private:
  const float* value(int place) const;
  float* output(int part) const;
  float* kept(int part) const { return at_.forward + at_.layout->kept_at[index(part)]; }
  const float* gradient(int part) const;
  // Of that input of the part; null where nobody wants it.
  float* input_gradient(int part, std::size_t input) const;
  std::int64_t input_width(int place) const;
  const plan::Chain::Part& part(int at) const { return chain_.parts[index(at)]; }
  static std::size_t index(int at) { return static_cast<std::size_t>(at); }

  void draw_mask(int at, const DropDraw& draw, std::int64_t num_samples) const;
  void product_forward(int at) const;
  void product_backward(int at) const;
  struct Rows {
    std::int64_t begin, count;
  };
  void part_forward(int at, Rows rows, const std::vector<DropDraw>& draws) const;
  // `sums`: of this thread, for the gradients of a part's tensors.
  void part_backward(int at, Rows rows, const std::vector<DropDraw>& draws, float* sums) const;
  void group_backward(std::pair<int, int> group, const std::vector<DropDraw>& draws) const;
  // Where the sums of a part's tensor lie: `stride` apart from share to share.
  struct SumPlaces {
    std::size_t offset, stride, num_shares, width;
  };
  void finish_sums(float* out, bool adds, const SumPlaces& places) const;
  // Calls body(share, rows) for tiles of rows that stay in a near cache, each share in order.
  template <typename Body>
  void over_rows(std::pair<int, int> group, std::size_t num_shares, Body body) const;
  std::size_t num_shares(std::pair<int, int> group) const;

  const plan::Chain& chain_;
  const std::vector<std::pair<int, int>>& groups_;
  const ChainMemory& at_;
  std::vector<float>& sums_;  // work that is kept from pass to pass
};

}  // namespace fdl::exec
