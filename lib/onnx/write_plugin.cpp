// ModelProto and its parts, as onnx.proto has them, from the plain structs of model.h.
#include "lib/onnx/write_plugin.h"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/onnx_pb.h>

namespace fdl::onnx {
namespace {

namespace pb = google::protobuf;

void put(Subgraph& from, ::onnx::GraphProto& to);

// One overload for each kind of value.
struct PutValue {
  ::onnx::AttributeProto& to;

  void operator()(std::int64_t value) const {
    to.set_type(::onnx::AttributeProto::INT);
    to.set_i(value);
  }
  void operator()(double value) const {
    to.set_type(::onnx::AttributeProto::FLOAT);
    to.set_f(static_cast<float>(value));
  }
  void operator()(const std::string& value) const {
    to.set_type(::onnx::AttributeProto::STRING);
    to.set_s(value);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    to.set_type(::onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) to.add_ints(value);
  }
  void operator()(const std::vector<double>& values) const {
    to.set_type(::onnx::AttributeProto::FLOATS);
    for (const double value : values) to.add_floats(static_cast<float>(value));
  }
  void operator()(const std::vector<std::string>& values) const {
    to.set_type(::onnx::AttributeProto::STRINGS);
    for (const std::string& value : values) to.add_strings(value);
  }
  void operator()(const std::shared_ptr<Subgraph>& value) const {
    to.set_type(::onnx::AttributeProto::GRAPH);
    put(*value, *to.mutable_g());
  }
};

void put(Operation& from, ::onnx::NodeProto& to) {
  to.set_op_type(from.op);
  to.set_name(from.name);
  for (const std::string& input : from.inputs) to.add_input(input);
  for (const std::string& output : from.outputs) to.add_output(output);
  for (const Attribute& attribute : from.attributes) {
    ::onnx::AttributeProto& made = *to.add_attribute();
    made.set_name(attribute.name);
    std::visit(PutValue{made}, attribute.value);
  }
}

void put(Tensor& from, ::onnx::TensorProto& to) {
  to.set_name(from.name);
  to.set_data_type(static_cast<std::int32_t>(from.type));
  for (const std::int64_t size : from.shape) to.add_dims(size);
  to.set_raw_data(std::move(from.bytes));
}

void put(const Port& from, ::onnx::ValueInfoProto& to) {
  to.set_name(from.name);
  auto& tensor = *to.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(static_cast<std::int32_t>(from.type));
  if (!from.shape) return;
  auto& shape = *tensor.mutable_shape();
  for (const std::string& axis : *from.shape) {
    const bool is_number = axis.find_first_not_of("0123456789") == std::string::npos;
    auto& dim = *shape.add_dim();
    if (is_number)
      dim.set_dim_value(std::stoll(axis));
    else
      dim.set_dim_param(axis);
  }
}

void put(Subgraph& from, ::onnx::GraphProto& to) {
  to.set_name(from.name);
  for (Operation& operation : from.operations) put(operation, *to.add_node());
  for (Tensor& tensor : from.constants) put(tensor, *to.add_initializer());
  for (const Port& port : from.inputs) put(port, *to.add_input());
  for (const Port& port : from.outputs) put(port, *to.add_output());
}

void put(Model& from, ::onnx::ModelProto& to) {
  to.set_ir_version(Model::kIrVersion);
  to.set_producer_name("fdl");
  to.set_producer_version(from.producer_version);
  to.add_opset_import()->set_version(Model::kOpset);
  for (const auto& [key, value] : from.metadata) {
    auto& entry = *to.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  put(from.graph, *to.mutable_graph());
}

// Copies go out in blocks.
class Sink final : public pb::io::CopyingOutputStream {
 public:
  Sink(bool (*take)(void*, const void*, std::size_t), void* context)
      : take_(take), context_(context) {}
  bool Write(const void* bytes, int num_bytes) override {
    return take_(context_, bytes, static_cast<std::size_t>(num_bytes));
  }

 private:
  bool (*take_)(void*, const void*, std::size_t);
  void* context_;
};

}  // namespace
}  // namespace fdl::onnx

bool fdl_onnx_write(fdl::onnx::Model* model,
                    bool (*take)(void* context, const void* bytes, std::size_t num_bytes),
                    void* context) noexcept {
  ::onnx::ModelProto proto;
  fdl::onnx::put(*model, proto);
  fdl::onnx::Sink sink(take, context);
  google::protobuf::io::CopyingOutputStreamAdaptor stream(&sink, 1 << 20);
  return proto.SerializeToZeroCopyStream(&stream) && stream.Flush();
}
