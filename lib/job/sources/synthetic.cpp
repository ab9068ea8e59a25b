// Synthetic data: fields follow from the model's inputs and the kind.
#include "lib/catalog/datasets/synthetic.h"

#include <algorithm>
#include <utility>

#include "lib/base/closest.h"
#include "lib/job/sources/inspect.h"

namespace fdl::job {
namespace {

using catalog::Dim;
using catalog::DType;
using catalog::SyntheticParams;
using catalog::TensorType;

constexpr std::int64_t kMostDefaultLength = 32;
constexpr double kMostBytes = 16.0 * (1 << 30);
constexpr double kIgnoredClass = -100;  // cross_entropy's ignore_index

class Inspector {
 public:
  explicit Inspector(const SourceContext& context)
      : context_(context), p_(context.params<SyntheticParams>()) {}

  Result<SourceInfo> inspect() {
    FDL_TRY(check_lengths());
    SourceInfo info;
    info.num_samples = p_.samples;
    for (const graph::NamedValue& input : context_.graph.inputs) {
      Result<Field> field = input_field(input);
      if (!field) return fail(field.error());
      info.fields.push_back(std::move(*field));
    }
    Result<Field> target = target_field(info.fields);
    if (!target) return fail(target.error());
    info.fields.push_back(std::move(*target));
    if (p_.kind == "sequences") FDL_TRY(add_positions(info.fields));
    FDL_TRY(check_memory(info.fields));
    return info;
  }

 private:
  Diagnostic wrong(const std::string& text) const {
    return error(Code::FieldMismatch, context_.span(), "synthetic data {}", text);
  }

  Result<void> check_lengths() const {
    if (p_.lengths.empty()) return {};
    const bool is_range = p_.lengths.size() == 2 && p_.lengths[0] <= p_.lengths[1];
    if (is_range && !p_.length) return {};
    return fail(wrong(is_range ? "has both 'length' and 'lengths'"
                               : "takes 'lengths' as the shortest and the longest")
                    .help("for example lengths: [4, 16]"));
  }

  // Samples are drawn all at once.
  Result<void> check_memory(const std::vector<Field>& fields) const {
    double num_bytes = 0;
    for (const Field& field : fields) {
      double own = static_cast<double>(bytes_of(field.type.dtype));
      for (const Dim& dim : field.type.shape)
        own *= static_cast<double>(dim.is_number() ? dim.number() : p_.lengths[1]);
      num_bytes += own * static_cast<double>(p_.samples);
    }
    if (num_bytes <= kMostBytes) return {};
    return fail(wrong(fmt::format("of {} samples takes {:.3g} bytes of memory, the limit is {:.3g}",
                                  p_.samples, num_bytes, kMostBytes))
                    .help("lower 'samples'"));
  }

  // The type with its named axes as this data has them: a number, or as they are where each sample
  // has its own size.
  Result<TensorType> sized(TensorType type, const std::string& what) const {
    for (std::size_t i = 0; i < type.shape.size(); ++i) {
      Dim& dim = type.shape[i];
      if (dim.is_number()) continue;
      const auto bound = context_.graph.axis_bounds.find(dim.text());
      const std::int64_t most =
          bound != context_.graph.axis_bounds.end() ? bound->second : INT64_MAX;
      const bool is_ragged = !p_.lengths.empty();
      const std::int64_t longest =
          is_ragged ? p_.lengths[1] : p_.length.value_or(std::min(most, kMostDefaultLength));
      if (longest > most) {
        return fail(
            wrong(fmt::format("makes samples of {} along {}, but the model takes at most {}",
                              longest, dim.text(), most))
                .help("lower '{}'", is_ragged ? "lengths" : "length"));
      }
      if (is_ragged && i > 0) {
        return fail(wrong(fmt::format("cannot give each sample a size of its own along {} of {}, "
                                      "which is {}",
                                      dim.text(), what, to_string(type)))
                        .help("only the first axis may differ; give one `length:` instead"));
      }
      if (!is_ragged) dim = longest;
    }
    return type;
  }

  Result<Field> input_field(const graph::NamedValue& input) const {
    TensorType type = context_.graph.values[static_cast<std::size_t>(input.value)].type;
    type.shape.erase(type.shape.begin());
    Result<TensorType> own = sized(type, "the input '" + input.name + "'");
    if (!own) return fail(own.error());
    Field out{input.name, *own, 0, 0, ""};
    if (is_floating(type.dtype) || type.dtype == DType::Bool) return out;
    if (p_.kind != "tokens") {
      return fail(wrong(fmt::format("of kind {} cannot make the input '{}' of type {}", p_.kind,
                                    input.name, to_string(type)))
                      .help("`kind: tokens` makes integers"));
    }
    out.num_classes = p_.vocab.value_or(embedding_rows(context_.graph, input.value));
    if (out.num_classes == 0) {
      return fail(wrong(fmt::format("does not know how many tokens there are of '{}', which feeds "
                                    "no embedding",
                                    input.name))
                      .help("say how many with `vocab:`"));
    }
    return out;
  }

  // The axis of positions in front. A model with states sees one position at a call; the inputs of
  // another one have that axis themselves.
  Result<void> add_positions(std::vector<Field>& fields) const {
    const bool is_called_at_each = !context_.graph.states.empty();
    if (is_called_at_each && !p_.steps) {
      return fail(error(Code::MissingKey, context_.span(), "synthetic sequences need 'steps'")
                      .help("for example kind: sequences, steps: 64"));
    }
    Dim positions = p_.steps.value_or(0);
    for (Field& field : fields) {
      catalog::Shape& shape = field.type.shape;
      if (is_called_at_each || &field == &fields.back()) {
        shape.insert(shape.begin(), positions);
        continue;
      }
      if (!p_.steps && &field == &fields.front() && !shape.empty()) positions = shape[0];
      if (!shape.empty() && shape[0] == positions && positions.is_number()) continue;
      return fail(wrong(fmt::format("of kind sequences with {} positions cannot be the input '{}', "
                                    "{}",
                                    positions.text(), field.name, to_string(field.type)))
                      .help("the first axis of each input counts the positions; a model with "
                            "`state:` sees one at a call"));
    }
    return {};
  }

  // The first input that the kind is about; null when the model has none.
  const Field* main_input(const std::vector<Field>& inputs) const {
    const auto fits = [&](const Field& field) {
      const TensorType& type = field.type;
      if (p_.kind == "tokens") return field.num_classes > 0 && !type.shape.empty();
      if (!is_floating(type.dtype)) return false;
      return (p_.kind != "images" && p_.kind != "segmentation") || type.shape.size() >= 2;
    };
    const auto found = std::find_if(inputs.begin(), inputs.end(), fits);
    return found != inputs.end() ? &*found : nullptr;
  }

  Result<Field> target_field(const std::vector<Field>& inputs) const {
    const Field* main = main_input(inputs);
    if (main == nullptr) {
      const char* wanted = "a floating-point input";
      if (p_.kind == "images" || p_.kind == "segmentation")
        wanted = "an input such as f32[3, 32, 32]";
      if (p_.kind == "tokens") wanted = "an integer input with an axis, such as i64[T]";
      return fail(wrong(fmt::format("of kind {} has no input to make", p_.kind))
                      .help("it needs {}", wanted));
    }
    for (const Field& input : inputs) {
      if (input.name == p_.target)
        return Field{"target", input.type, input.num_classes, input.pad, ""};
    }
    if (p_.kind == "regression" || p_.kind == "sequences") return numbers_target();
    if (p_.kind == "tokens") return tokens_target(*main);
    if (!p_.target.empty()) {
      return fail(error(Code::WrongType, context_.span(),
                        "'target' of synthetic {} may name an input, not be '{}'", p_.kind,
                        p_.target)
                      .help("leave it out for class numbers; the inputs are {}", names_of(inputs)));
    }
    TensorType type{DType::I64, {}};
    if (p_.kind == "segmentation")
      type.shape.assign(main->type.shape.begin() + 1, main->type.shape.end());
    return Field{"target", std::move(type), p_.classes, 0, ""};
  }

  static std::string names_of(const std::vector<Field>& inputs) {
    std::vector<std::string> names;
    for (const Field& input : inputs) names.push_back(input.name);
    return one_of(names);
  }

  Result<Field> numbers_target() const {
    std::string why = "it is needed";
    std::map<std::string, std::int64_t> bounds;
    const auto type = catalog::parse_tensor_type(p_.target, bounds, why);
    const bool has_names = type && !std::all_of(type->shape.begin(), type->shape.end(),
                                                [](const Dim& dim) { return dim.is_number(); });
    if (!type || has_names || !is_floating(type->dtype)) {
      return fail(error(Code::WrongType, context_.span(),
                        "'target' of synthetic {} must be a type, not '{}': {}", p_.kind, p_.target,
                        why)
                      .help("for example target: \"f32[10]\""));
    }
    return Field{"target", *type, 0, 0, ""};
  }

  Result<Field> tokens_target(const Field& main) const {
    if (p_.target.empty() || p_.target == "next")
      return Field{"target", {DType::I64, main.type.shape}, main.num_classes, kIgnoredClass, ""};
    std::string why;
    std::map<std::string, std::int64_t> bounds;
    const auto type = catalog::parse_tensor_type(p_.target, bounds, why);
    if (!type) {
      return fail(error(Code::WrongType, context_.span(),
                        "'target' of synthetic tokens must be `next` or a type, not '{}': {}",
                        p_.target, why)
                      .help("for example target: \"i64[]\", the class of a sample"));
    }
    Result<TensorType> own = sized(*type, "the target");
    if (!own) return fail(own.error());
    const bool is_one = own->shape.empty(), is_each = own->shape == main.type.shape;
    if (type->dtype == DType::I64 && (is_one || is_each))
      return Field{"target", *own, p_.classes, is_each ? kIgnoredClass : 0, ""};
    const bool is_fixed = std::all_of(own->shape.begin(), own->shape.end(),
                                      [](const Dim& dim) { return dim.is_number(); });
    if (is_floating(type->dtype) && is_fixed) return Field{"target", *own, p_.classes, 0, ""};
    return fail(
        error(Code::WrongType, context_.span(), "synthetic tokens have no target of type {}",
              to_string(*type))
            .help("it may be i64[], a class of the sample; {}, one of each token; or numbers "
                  "such as f32[8]",
                  to_string(TensorType{DType::I64, main.type.shape})));
  }

  const SourceContext& context_;
  const SyntheticParams& p_;
};

}  // namespace

Result<SourceInfo> inspect_synthetic(const SourceContext& context) {
  return Inspector(context).inspect();
}

}  // namespace fdl::job
