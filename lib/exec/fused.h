#pragma once

#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/exec/chain_pass.h"
#include "lib/plan/chains.h"
#include "lib/tensor/store.h"

// A chain as one step of a graph, with one node in libtorch's record of gradients. Inside lib/exec.
namespace fdl::exec {

// Memory that the chains of an executor need for the length of one call.
class ScratchPool;
std::shared_ptr<ScratchPool> make_scratch();

// The turns of a loop whose body is one chain: the gradients of its tensors add up in place, and
// the first turn, the last in the backward pass, gives them.
class ChainTurns;
std::shared_ptr<ChainTurns> make_turns();

class FusedChain {
 public:
  FusedChain(plan::Chain chain, const tensor::TensorStore& store,
             std::shared_ptr<ScratchPool> scratch);
  ~FusedChain();

  const plan::Chain& chain() const;

  // Whether it can compute what comes in: f32 on the CPU.
  bool takes(const std::vector<at::Tensor>& reads) const;
  // What leaves it, in the order of Chain::makes; `draws` are those of its parts. Their memory is
  // used again once nobody holds them. `turns`: of the loop around it, where each turn reads what
  // the one before it gave; else null.
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& reads, std::vector<DropDraw> draws,
                              const std::shared_ptr<ChainTurns>& turns) const;

 private:
  struct State;
  friend class ChainNode;
  std::shared_ptr<State> state_;  // also held by what a backward pass needs
};

}  // namespace fdl::exec
