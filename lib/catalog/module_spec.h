#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/catalog/init.h"
#include "lib/catalog/shape_rule.h"
#include "lib/catalog/tensor_type.h"
#include "lib/config/bind.h"

// What a module is, without torch: parameters, the tensors it owns, shapes, cost and docs. Its
// forward is in lib/nn/modules, under the same name.
namespace fdl::catalog {

// An initialiser that may depend on shapes: given the owner's parameters and the shape of its
// "weight" (or of the tensor itself), the numbers for this tensor.
using InitRule =
    std::function<Init(const void* params, const std::vector<std::int64_t>& weight_shape)>;

InitRule zeros();
InitRule ones();
InitRule normal(double mean, double stddev);
// U(-bound, bound) with bound = gain * sqrt(3 / fan_in), gain = sqrt(2 / (1 + a^2)).
// He et al. 2015, arXiv:1502.01852; fan_in as torch.nn.init computes it.
InitRule kaiming_uniform(double a);
// U(-1/sqrt(fan_in), 1/sqrt(fan_in)) with the fan of "weight": what PyTorch gives biases.
InitRule bias_uniform();
InitRule uniform(double bound);  // U(-bound, bound)

// A tensor that a module owns.
struct TensorSpec {
  std::string name;
  std::string shape;  // in the shape language: "[out_features, in_features]"
  InitRule init;
  bool is_buffer = false;  // state that is saved but not trained
  DType dtype = DType::F32;
  std::function<bool(const void* params)> is_present;
};

// What an input may be.
enum class DTypeClass { Floating, Integer, Any };
bool accepts(DTypeClass wanted, DType dtype);
std::string_view to_string(DTypeClass wanted);

struct InputSpec {
  std::string name;
  DTypeClass dtype = DTypeClass::Floating;
  bool is_optional = false;
  bool is_positive = false;  // the function is defined, or tame, above 0 only: examples stay there
};

// Types of the outputs, or a sentence that says why the inputs do not fit.
using TypeResult = tl::expected<std::vector<TensorType>, std::string>;

// A number of operations or bytes for a whole batch.
using Count = std::function<Dim(const void* params, const std::vector<TensorType>& inputs,
                                const std::vector<TensorType>& outputs)>;

// Operations of a backward pass: those that only the gradients of the inputs take, those that only
// the gradients of the owned tensors take, and those on the way to either, done once for both.
struct GradientFlops {
  Dim inputs, tensors, either;
};
using GradientCount =
    std::function<GradientFlops(const void* params, const std::vector<TensorType>& inputs,
                                const std::vector<TensorType>& outputs)>;

// Bytes of so many numbers of that type's dtype.
inline Dim bytes_of(const Dim& count, const TensorType& type) {
  return count * Dim(bytes_of(type.dtype));
}
inline Dim bytes_of(const TensorType& type) { return bytes_of(num_elements(type.shape), type); }

// A condition among parameters: empty when it holds, else what is wrong.
using Requirement = std::function<std::optional<std::string>(const void* params)>;

struct ModuleSpec {
  config::RecordSpec record;  // name, summary, parameters
  std::string source;         // paper and equation
  std::string shape_text;     // the shape rule in words or in the shape language
  std::vector<InputSpec> inputs = {{"input", DTypeClass::Floating, false, false}};
  std::vector<std::string> outputs = {"output"};  // ports; a tag names the first
  // Instead of `outputs`, where their number depends on the parameters.
  std::function<std::vector<std::string>(const void* params)> outputs_of;
  std::vector<TensorSpec> tensors;
  // Those whose number depends on the parameters; they follow `tensors`.
  std::function<std::vector<TensorSpec>(const void* params)> more_tensors;
  std::vector<Requirement> requirements;
  bool draws = false;            // uses random numbers when training
  bool full_precision = false;   // libtorch has no kernels for it in bf16 and f16
  bool couples_samples = false;  // a sample's output depends on the other samples of its batch
  std::string example;           // a step as YAML
  // Inputs that the example takes, as types without a batch axis; empty when many do.
  std::vector<std::string> example_inputs;

  std::function<std::shared_ptr<void>()> make_params;
  // Infers the open parameters in `params` and gives the outputs' types. `inputs` has an entry for
  // each of the spec's; an optional one may be absent.
  std::function<TypeResult(void* params, const std::vector<TensorType>& inputs)> infer;
  // Floating-point operations of one forward; multiply and add count as 2.
  Count flops;
  // Where it is empty, the gradients of the inputs, and those of the owned tensors, take as many as
  // the forward.
  GradientCount gradient_flops;
  // What a forward in training keeps for the backward pass beside owned tensors: the inputs and
  // outputs of these names (all inputs where it is empty), and bytes of its own.
  std::function<std::vector<std::string>(const void* params)> kept;
  Count kept_bytes;
  // Bytes that its forward, and its backward pass, hold for a moment beside inputs and outputs.
  Count forward_work_bytes, backward_work_bytes;
  bool is_view = false;  // its output is another view of its first input's memory

  const std::string& name() const { return record.name; }
  // Operations of a backward pass that gives the gradients of the inputs, of the owned tensors, or
  // of both.
  Dim backward_flops(const void* params, const std::vector<TensorType>& in,
                     const std::vector<TensorType>& out, bool of_inputs, bool of_tensors) const;
  // The ports of an instance with these parameters.
  std::vector<std::string> output_names(const void* params) const {
    return outputs_of ? outputs_of(params) : outputs;
  }
  // The tensors that an instance with these parameters owns.
  std::vector<TensorSpec> owned(const void* params) const;
  bool updates_buffers() const;  // has state that a forward in training changes
  // Concrete shape of an owned tensor once all parameters are known.
  std::vector<std::int64_t> tensor_shape(const TensorSpec& tensor, const void* params) const;
};

// Access for shape rules to the parameters of one instance.
ParameterAccess access(const config::RecordSpec& record, void* params);

// Applies a rule in the shape language. All outputs take `output_dtype`, or the first input's.
TypeResult apply_rule(const ShapeRule& rule, const config::RecordSpec& record, void* params,
                      const std::vector<TensorType>& inputs, std::optional<DType> output_dtype);

// The shape language's text as a rule; a text that cannot be read is our own bug.
ShapeRule must_parse(const std::string& text);

template <typename P>
class ModuleBuilder {
 public:
  ModuleBuilder(std::string name, std::string summary)
      : record_(std::move(name), std::move(summary)) {
    spec_.make_params = [] { return std::make_shared<P>(); };
    spec_.flops = [](const void*, const auto&, const auto& outputs) {
      return num_elements(outputs.front().shape);
    };
  }

  // `member` is P's own or one that P inherits from what several params structs share.
  template <typename M, typename Owner, typename... Options>
  requires std::derived_from<P, Owner> ModuleBuilder& param(std::string name, M Owner::*member,
                                                            std::string doc, Options... options) {
    record_.field(std::move(name), static_cast<M P::*>(member), std::move(doc),
                  std::move(options)...);
    return *this;
  }

  // A trained tensor. `when`: the boolean parameter that decides whether it is there.
  ModuleBuilder& tensor(std::string name, std::string shape, InitRule init,
                        bool P::*when = nullptr) {
    return add_tensor(std::move(name), std::move(shape), std::move(init), when, false, DType::F32);
  }
  // State that the forward updates; saved, not trained.
  ModuleBuilder& buffer(std::string name, std::string shape, InitRule init, bool P::*when = nullptr,
                        DType dtype = DType::F32) {
    return add_tensor(std::move(name), std::move(shape), std::move(init), when, true, dtype);
  }

  ModuleBuilder& input(std::string name, DTypeClass dtype) {
    if (!inputs_named_) spec_.inputs.clear();
    inputs_named_ = true;
    spec_.inputs.push_back({std::move(name), dtype, false, false});
    return *this;
  }
  // Absent unless a manifest gives it with `using`.
  ModuleBuilder& optional_input(std::string name, DTypeClass dtype) {
    input(std::move(name), dtype);
    spec_.inputs.back().is_optional = true;
    return *this;
  }
  // Names of the outputs, where there are several.
  ModuleBuilder& outputs(std::vector<std::string> names) {
    spec_.outputs = std::move(names);
    return *this;
  }
  // Outputs whose number depends on the parameters: (const P&) -> std::vector<std::string>.
  template <typename F>
  ModuleBuilder& outputs_of(F names) {
    spec_.outputs_of = [names](const void* params) {
      return names(*static_cast<const P*>(params));
    };
    return *this;
  }
  // Of the input declared last: it makes sense above 0 only.
  ModuleBuilder& positive() {
    spec_.inputs.back().is_positive = true;
    return *this;
  }
  // Tensors whose number depends on the parameters: (const P&) -> std::vector<TensorSpec>.
  template <typename F>
  ModuleBuilder& tensors(F list) {
    spec_.more_tensors = [list](const void* params) {
      return list(*static_cast<const P*>(params));
    };
    return *this;
  }
  ModuleBuilder& output_dtype(DType dtype) {
    output_dtype_ = dtype;
    return *this;
  }

  // The shape rule in the shape language.
  ModuleBuilder& shape(std::string text) {
    rule_ = must_parse(text);
    spec_.shape_text = std::move(text);
    return *this;
  }
  // The shape rule as a function, for what the language cannot say, with its text for people:
  // (P&, const TensorType& input) -> tl::expected<Shape, std::string>.
  template <typename F>
  ModuleBuilder& shape(std::string text, F rule) {
    spec_.shape_text = std::move(text);
    function_ = [rule](void* params, const TensorType& input) -> tl::expected<Shape, std::string> {
      return rule(*static_cast<P*>(params), input);
    };
    return *this;
  }
  // For several inputs or outputs, or another dtype:
  // (P&, const std::vector<TensorType>& inputs) -> TypeResult.
  template <typename F>
  ModuleBuilder& types(std::string text, F rule) {
    spec_.shape_text = std::move(text);
    spec_.infer = [rule](void* params, const std::vector<TensorType>& inputs) -> TypeResult {
      return rule(*static_cast<P*>(params), inputs);
    };
    return *this;
  }

  // A condition among parameters: (const P&) -> bool, and what to say when it does not hold.
  template <typename F>
  ModuleBuilder& require(F holds, std::string message) {
    spec_.requirements.push_back(
        [holds, message](const void* params) -> std::optional<std::string> {
          if (holds(*static_cast<const P*>(params))) return std::nullopt;
          return message;
        });
    return *this;
  }

  // (const P&, input, output) -> Dim, of one TensorType each or of vectors of them; so all counts.
  template <typename F>
  ModuleBuilder& flops(F count) {
    spec_.flops = counted(count);
    return *this;
  }
  // As `flops`, but -> GradientFlops.
  template <typename F>
  ModuleBuilder& gradient_flops(F count) {
    spec_.gradient_flops = counted(count);
    return *this;
  }
  // The inputs and outputs that the backward pass needs, where it is not all inputs; or a function,
  // (const P&) -> std::vector<std::string>.
  ModuleBuilder& keeps(std::vector<std::string> names) {
    spec_.kept = [names = std::move(names)](const void*) { return names; };
    return *this;
  }
  template <typename F>
  ModuleBuilder& keeps_by(F names) {
    spec_.kept = [names](const void* params) { return names(*static_cast<const P*>(params)); };
    return *this;
  }
  // Bytes of its own that it needs too: a mask, places of maxima.
  template <typename F>
  ModuleBuilder& keeps_bytes(F count) {
    spec_.kept_bytes = counted(count);
    return *this;
  }
  template <typename F>
  ModuleBuilder& forward_work(F count) {
    spec_.forward_work_bytes = counted(count);
    return *this;
  }
  template <typename F>
  ModuleBuilder& backward_work(F count) {
    spec_.backward_work_bytes = counted(count);
    return *this;
  }
  // Its output is another view of its first input's memory.
  ModuleBuilder& view() {
    spec_.is_view = true;
    return keeps({});
  }

  ModuleBuilder& draws() {
    spec_.draws = true;
    return *this;
  }
  ModuleBuilder& full_precision() {
    spec_.full_precision = true;
    return *this;
  }
  ModuleBuilder& couples_samples() {
    spec_.couples_samples = true;
    return *this;
  }
  ModuleBuilder& source(std::string text) {
    spec_.source = std::move(text);
    return *this;
  }
  // A step that works; `inputs`: on what, where not every floating-point tensor will do.
  ModuleBuilder& example(std::string yaml, std::vector<std::string> inputs = {}) {
    spec_.example = std::move(yaml);
    spec_.example_inputs = std::move(inputs);
    return *this;
  }

  operator ModuleSpec() const {
    ModuleSpec out = spec_;
    out.record = record_.build();
    if (out.infer) return out;
    if (function_) {
      out.infer = [rule = function_, dtype = output_dtype_](
                      void* params, const std::vector<TensorType>& inputs) -> TypeResult {
        auto shape = rule(params, inputs.front());
        if (!shape) return tl::unexpected(shape.error());
        return std::vector<TensorType>{{dtype.value_or(inputs.front().dtype), *shape}};
      };
    } else {
      out.infer = [rule = *rule_, record = out.record, dtype = output_dtype_](
                      void* params, const std::vector<TensorType>& inputs) {
        return apply_rule(rule, record, params, inputs, dtype);
      };
    }
    return out;
  }

 private:
  template <typename F>
  static auto counted(F count) {
    using Types = std::vector<TensorType>;
    return [count](const void* params, const Types& inputs, const Types& outputs) {
      const P& p = *static_cast<const P*>(params);
      if constexpr (std::is_invocable_v<F, const P&, const Types&, const Types&>) {
        return count(p, inputs, outputs);
      } else {
        return count(p, inputs.front(), outputs.front());
      }
    };
  }

  ModuleBuilder& add_tensor(std::string name, std::string shape, InitRule init, bool P::*when,
                            bool is_buffer, DType dtype) {
    TensorSpec t{std::move(name), std::move(shape), std::move(init), is_buffer, dtype, {}};
    t.is_present = [when](const void* params) {
      return when == nullptr || static_cast<const P*>(params)->*when;
    };
    spec_.tensors.push_back(std::move(t));
    return *this;
  }

  ModuleSpec spec_;
  config::RecordBuilder<P> record_;
  std::optional<ShapeRule> rule_;
  std::function<tl::expected<Shape, std::string>(void*, const TensorType&)> function_;
  std::optional<DType> output_dtype_;
  bool inputs_named_ = false;
};

// Starts a module's declaration; the params struct is the first template argument.
template <typename P>
ModuleBuilder<P> declare(std::string name, std::string summary) {
  return ModuleBuilder<P>(std::move(name), std::move(summary));
}

}  // namespace fdl::catalog
