#include "lib/tensor/store.h"

#include <ATen/ops/full.h>

#include "lib/base/check.h"
#include "lib/tensor/dtype.h"
#include "lib/tensor/random.h"

namespace fdl::tensor {
namespace {

using catalog::Init;

void initialise(const at::Tensor& tensor, const Init& init, StreamKey key) {
  const std::span<float> values(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
  switch (init.kind) {
    case Init::Kind::Constant:
      tensor.fill_(init.a);
      break;
    case Init::Kind::Uniform:
      fill_uniform(values, key, init.a, init.b);
      break;
    case Init::Kind::Normal:
      fill_normal(values, key, init.a, init.b);
      break;
  }
  if (init.zero_row >= 0) tensor.select(0, init.zero_row).zero_();
}

}  // namespace

TensorStore::TensorStore(const graph::Graph& graph, std::uint64_t seed) {
  std::vector<Sizes> shapes;
  for (const graph::OwnedTensor& t : graph.tensors) {
    if (!t.is_buffer) shapes.push_back(t.shape);
  }
  parameter_buffer_ = FlatBuffer(shapes);
  const StreamKey root(seed, Purpose::Init);
  for (const graph::OwnedTensor& t : graph.tensors) {
    if (t.is_buffer) {
      FDL_CHECK(t.init.kind == Init::Kind::Constant);
      tensors_.push_back({t.path, at::full(t.shape, t.init.a, scalar_type(t.dtype))});
      continue;
    }
    FDL_CHECK(t.dtype == catalog::DType::F32);
    const at::Tensor& view = parameter_buffer_.views()[parameters_.size()];
    initialise(view, t.init, root.with(t.path));
    view.requires_grad_(!t.is_frozen);
    parameters_.push_back({t.path, view});
    tensors_.push_back(parameters_.back());
  }
}

Result<void> TensorStore::save(const std::filesystem::path& path) const {
  return save_tensors(path, tensors_);
}

Result<void> TensorStore::load(const std::filesystem::path& path) {
  return load_tensors_into(path, tensors_);
}

}  // namespace fdl::tensor
