// The positions of sequences: what a model with states is called at.
#include <algorithm>

#include "lib/job/sections.h"

namespace fdl::job {
namespace {

// How many positions a field has in front of `wanted`, the type at each of them; 0 when none.
std::int64_t positions_before(const Field& field, const catalog::TensorType& wanted) {
  const catalog::Shape& shape = field.type.shape;
  return shape.size() == wanted.shape.size() + 1 && shape[0].is_number() ? shape[0].number() : 0;
}

Diagnostic no_positions(const Field& field, const catalog::TensorType& wanted,
                        const DataSplit& split) {
  std::string expected = to_string(wanted);
  expected.insert(expected.find('[') + 1, wanted.shape.empty() ? "positions" : "positions, ");
  return error(Code::NoSequence, split.source.span,
               "a model with state is called at each position of a sequence, but the data of '{}' "
               "gives '{}' as {}, not {}",
               split.name, field.name, to_string(field.type), expected)
      .help(
          "name data whose fields have an axis of positions in front: synthetic: {{ kind: "
          "sequences, steps: 64, target: \"f32[4]\" }}");
}

}  // namespace

std::optional<FieldsOfCall> fields_of_call(const graph::Graph& graph, std::vector<Field> fields,
                                           const DataSplit& split, Diagnostics& problems) {
  FieldsOfCall out;
  for (const graph::NamedValue& input : graph.inputs) {
    catalog::TensorType wanted = graph.values[static_cast<std::size_t>(input.value)].type;
    wanted.shape.erase(wanted.shape.begin());
    for (const Field& field : fields) {
      if (field.name != input.name) continue;
      const std::int64_t found = positions_before(field, wanted);
      if (out.num_positions == 0) out.num_positions = found;
      if (found != 0) continue;
      problems.add(no_positions(field, wanted, split));
      return std::nullopt;
    }
  }
  for (Field& field : fields) {
    catalog::Shape& shape = field.type.shape;
    const bool has_all = !shape.empty() && shape[0] == catalog::Dim(out.num_positions);
    if (has_all) {
      shape.erase(shape.begin());
    } else if (out.num_positions > 0) {
      problems.add(error(Code::NoSequence, split.source.span,
                         "the data of '{}' gives '{}' as {}, without the {} positions that its "
                         "sequences have",
                         split.name, field.name, to_string(field.type), out.num_positions)
                       .help("every field needs a value at each position"));
      return std::nullopt;
    }
  }
  out.fields = std::move(fields);
  return out;
}

}  // namespace fdl::job
