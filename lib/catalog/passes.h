#pragma once

// What `training.compile` switches: ways of computing a step that give what libtorch's operators
// give one by one, but for rounding. Declared once: the manifest's keys, `fdl explain --plan` and
// the documents are made from kPasses.
namespace fdl::catalog {

struct Passes {
  bool chains = true, recurrent = true, attention = true, experts = true, products = true,
       layout = true, winograd = true, loss = true, update = true, graph = true;

  static constexpr Passes none() {
    return {false, false, false, false, false, false, false, false, false, false};
  }
  // Those that are of use where tensors are on a GPU: the others' kernels are for CPUs.
  constexpr Passes on_gpu() const {
    return {chains, false, false, experts, products, layout, false, loss, false, graph};
  }
  bool operator==(const Passes&) const = default;
};

struct Pass {
  const char* name;
  bool Passes::*is_on;
  const char* doc;
};

inline constexpr Pass kPasses[] = {
    {"chains", &Passes::chains,
     "Neighbouring linear layers, activations, dropout, norms and sums of branches run as one "
     "step; so do batch_norm, a sum, relu and max_pool2d behind a convolution, where images have "
     "their channels last, on a GPU with its bias."},
    {"recurrent", &Passes::recurrent,
     "rnn, lstm and gru run as products and one pass over the gates."},
    {"attention", &Passes::attention,
     "The attention of a head runs as one over its scores, which are not kept; on a CPU."},
    {"experts", &Passes::experts,
     "Experts of a gate run over the samples that they have a weight for, or all as one."},
    {"products", &Passes::products,
     "Large products of f32 matrices, and convolutions over two axes, run on the CPU's matrix "
     "tiles (AMX), where it has them, each number as three of bf16: as exact as f32, in less time. "
     "So do large products on data-centre GPUs. Without tiles threads take columns of a product of "
     "few rows."},
    {"layout", &Passes::layout,
     "Images go through convolutions over two axes with their channels last in memory, on a GPU "
     "and where the CPU has AVX2 or AVX-512, and no matrix tiles."},
    {"winograd", &Passes::winograd,
     "Convolutions over two axes of f32 with filters of 3 by 3, or of 4 by 4 and a stride of 2, "
     "run "
     "by Winograd's minimal filtering, with about half of the products, where `layout` puts "
     "channels last on a CPU."},
    {"loss", &Passes::loss, "cross_entropy of class numbers and its gradient are one pass."},
    {"update", &Passes::update, "adam and adamw go over all parameters in one pass."},
    {"graph", &Passes::graph,
     "On a GPU a whole step, its update included, is taken down once as a CUDA graph and replayed: "
     "the same kernels, without their launches."},
};

}  // namespace fdl::catalog
