#include "lib/catalog/modules/chunk.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

Outputs chunk(const catalog::ChunkParams& p, const Tensors&, const std::vector<at::Tensor>& inputs,
              StepContext&) {
  return inputs.front().chunk(p.chunks, p.dim);
}

}  // namespace

Forward forward_chunk() { return forward_of(chunk); }

}  // namespace fdl::nn
