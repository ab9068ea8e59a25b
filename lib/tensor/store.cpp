#include "lib/tensor/store.h"

#include <ATen/ops/full.h>

#include "lib/base/check.h"
#include "lib/tensor/dtype.h"
#include "lib/tensor/initialise.h"
#include "lib/tensor/random.h"

namespace fdl::tensor {

TensorStore::TensorStore(const graph::Graph& graph, std::uint64_t seed, at::Device device) {
  std::vector<Sizes> shapes;
  for (const graph::OwnedTensor& t : graph.tensors) {
    if (!t.is_buffer) shapes.push_back(t.shape);
  }
  parameter_buffer_ = FlatBuffer(shapes);
  const StreamKey root(seed, Purpose::Init);
  for (const graph::OwnedTensor& t : graph.tensors) {
    if (t.is_buffer) {
      FDL_CHECK(t.init.kind == catalog::Init::Kind::Constant || t.source >= 0);
      tensors_.push_back({t.path, at::full(t.shape, t.init.a, scalar_type(t.dtype))});
      buffers_.push_back(tensors_.back());
      continue;
    }
    FDL_CHECK(t.dtype == catalog::DType::F32);
    const at::Tensor& view = parameter_buffer_.views()[parameters_.size()];
    if (t.source < 0) initialise(view, t.init, root.with(t.path));
    view.requires_grad_(!t.is_frozen);
    parameters_.push_back({t.path, view});
    tensors_.push_back(parameters_.back());
  }
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const graph::OwnedTensor& t = graph.tensors[i];
    if (t.source < 0) continue;
    const NamedTensor& source = tensors_[static_cast<std::size_t>(t.source)];
    initialise_from(tensors_[i].value, t.init, source.value, root.with(source.name));
  }
  if (device != device_) move_to(device);
}

void TensorStore::move_to(at::Device device) {
  device_ = device;
  parameter_buffer_ = parameter_buffer_.on(device);
  std::size_t parameter = 0, buffer = 0;
  for (NamedTensor& t : tensors_) {
    const bool is_buffer = buffer < buffers_.size() && buffers_[buffer].name == t.name;
    if (is_buffer) {
      t.value = t.value.to(device);
      buffers_[buffer++].value = t.value;
      continue;
    }
    const at::Tensor& view = parameter_buffer_.views()[parameter];
    view.requires_grad_(t.value.requires_grad());
    t.value = parameters_[parameter++].value = view;
  }
}

Result<void> TensorStore::save(const std::filesystem::path& path) const {
  return save_tensors(path, tensors_);
}

Result<void> TensorStore::load(const std::filesystem::path& path) {
  return load_tensors_into(path, tensors_);
}

}  // namespace fdl::tensor
