#include <algorithm>

#include "lib/base/closest.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

using catalog::DType;

// Whether two splits draw from one set of samples in one order.
bool same_source(const DataSplit& a, const DataSplit& b) {
  if (a.source.spec != b.source.spec || a.shuffle_seed != b.shuffle_seed) return false;
  const auto& fields = a.source.spec->record.fields;
  return std::all_of(fields.begin(), fields.end(), [&](const config::FieldSpec& field) {
    return field.show(a.source.params.get()) == field.show(b.source.params.get());
  });
}

}  // namespace

std::vector<Field> transformed_fields(const Job& job, const SourceInfo& info,
                                      Diagnostics& problems) {
  std::vector<Field> out = info.fields;
  for (const FieldTransforms& transforms : job.transforms) {
    const auto field = std::find_if(out.begin(), out.end(),
                                    [&](const Field& f) { return f.name == transforms.field; });
    const catalog::Choice* first = nullptr;
    for (const auto* list : {&transforms.all, &transforms.train, &transforms.eval}) {
      for (const catalog::Choice& choice : *list) {
        if (first == nullptr) first = &choice;
        if (field == out.end()) continue;
        if (choice.name() == "to_f32") field->type.dtype = DType::F32;
        if (choice.name() == "normalize" && !is_floating(field->type.dtype)) {
          problems.add(error(Code::WrongDtype, choice.span,
                             "'normalize' takes floating-point numbers, but '{}' is {}",
                             field->name, to_string(field->type))
                           .help("put to_f32 before it"));
          field->type.dtype = DType::F32;
        }
      }
    }
    if (field == out.end() && first != nullptr) {
      std::vector<std::string> names;
      for (const Field& f : out) names.push_back(f.name);
      problems.add(error(Code::UnknownKey, first->span, "the data has no field '{}' to transform",
                         transforms.field)
                       .help("its fields are {}", one_of(names)));
    }
  }
  return out;
}

void check_fields(const graph::Graph& graph, const std::vector<Field>& fields,
                  const DataSplit& split, Diagnostics& problems) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  for (const graph::NamedValue& input : graph.inputs) {
    const graph::Value& value = graph.values[static_cast<std::size_t>(input.value)];
    catalog::TensorType wanted = value.type;
    wanted.shape.erase(wanted.shape.begin());
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& f) { return f.name == input.name; });
    if (field == fields.end()) {
      problems.add(
          error(Code::FieldMismatch, split.source.span,
                "the data of '{}' has no field for the model's input '{}'", split.name, input.name)
              .note_at(value.span, "the input is declared here")
              .help("its fields are {}; a field feeds the input of its name", one_of(names)));
    } else if (!(field->type == wanted)) {
      Diagnostic d = error(Code::FieldMismatch, value.span,
                           "the model's input '{}' is {}, but the data of '{}' gives {}",
                           input.name, to_string(wanted), split.name, to_string(field->type))
                         .note_at(split.source.span, "the data comes from here");
      if (field->type.dtype == DType::U8 && is_floating(wanted.dtype) &&
          field->type.shape == wanted.shape)
        d = std::move(d).help("add to_f32 to its transforms: data.transforms.all.{}: [to_f32]",
                              input.name);
      problems.add(std::move(d));
    }
  }
}

void check_slices(const Job& job, const std::vector<SourceInfo>& infos, bool allow_overlap,
                  Diagnostics& problems) {
  std::vector<std::optional<SampleRange>> ranges;
  for (std::size_t i = 0; i < job.splits.size(); ++i) {
    Result<SampleRange> range =
        read_slice(job.splits[i].slice, infos[i].num_samples, job.splits[i].span);
    if (!range) problems.add(range.error());
    ranges.push_back(range ? std::optional(*range) : std::nullopt);
  }
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    for (std::size_t j = i + 1; j < ranges.size() && !allow_overlap; ++j) {
      if (!ranges[i] || !ranges[j] || !same_source(job.splits[i], job.splits[j])) continue;
      const std::int64_t shared =
          std::min(ranges[i]->end, ranges[j]->end) - std::max(ranges[i]->begin, ranges[j]->begin);
      if (shared <= 0) continue;
      problems.add(error(Code::SliceOverlap, job.splits[j].span, "'{}' and '{}' share {} samples",
                         job.splits[i].name, job.splits[j].name, shared)
                       .note_at(job.splits[i].span, "the other slice is here")
                       .help("make the slices disjoint, or say `allow_overlap: true`"));
    }
  }
}

}  // namespace fdl::job
