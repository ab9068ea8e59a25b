// `npy` and `safetensors`: arrays whose first axis goes through the samples.
#include "lib/job/sources/arrays.h"

#include "lib/base/closest.h"
#include "lib/catalog/datasets/npy.h"
#include "lib/catalog/datasets/safetensors.h"
#include "lib/format/npy.h"
#include "lib/format/safetensors.h"
#include "lib/job/sources/inspect.h"

namespace fdl::job {
namespace {

using catalog::DType;
using format::SafetensorsDtype;

struct ArrayKeys {
  std::string file, tensor;
  std::int64_t classes = 0;
};

// `what`: the key that names the array, file or tensor.
const config::RecordSpec& array_record(bool is_file) {
  using K = ArrayKeys;
  const auto build = [](const char* what, std::string K::*member, const char* doc) {
    return config::RecordBuilder<K>("field", "A field of arrays.")
        .field(what, member, doc, config::main_field, config::required)
        .field("classes", &K::classes, "Of class numbers: how many classes.", config::at_least(1))
        .build();
  };
  static const config::RecordSpec file = build("file", &K::file, "The .npy file.");
  static const config::RecordSpec tensor = build("tensor", &K::tensor, "The tensor's name.");
  return is_file ? file : tensor;
}

Result<ArrayKeys> read_keys(const config::Node& node, bool is_file) {
  ArrayKeys keys;
  Diagnostics problems;
  config::bind_record(array_record(is_file), node, &keys, problems);
  if (!problems.empty()) return fail(problems.sorted().front());
  return keys;
}

std::optional<DType> dtype_of(SafetensorsDtype dtype) {
  std::string name(to_string(dtype));
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return catalog::parse_dtype(name);
}

struct FoundArray {
  std::string name;
  ArrayKeys keys;
  SafetensorsDtype dtype = SafetensorsDtype::F32;
  std::vector<std::int64_t> shape;
  ArrayFile file;
  Span span;
};

// Adds a field; all must have the same number of samples.
Result<void> add_array(const FoundArray& found, SourceInfo& info, ArrayDetails& details) {
  const std::optional<DType> dtype = dtype_of(found.dtype);
  if (!dtype || found.shape.empty()) {
    return fail(error(Code::FieldMismatch, found.span, "'{}' cannot be a field: it {}", found.name,
                      dtype ? std::string("is one number, without an axis of samples")
                            : fmt::format("holds {}", to_string(found.dtype)))
                    .help("store samples along the first axis, as one of {}",
                          one_of(catalog::dtype_names())));
  }
  if (details.fields.empty()) info.num_samples = found.shape.front();
  if (found.shape.front() != info.num_samples) {
    return fail(error(Code::FieldMismatch, found.span, "'{}' has {} samples, but '{}' has {}",
                      found.name, found.shape.front(), info.fields.front().name, info.num_samples)
                    .help("all fields must have one value for each sample"));
  }
  Field field{found.name, {*dtype, {}}, found.keys.classes};
  if (field.num_classes > 0) {
    if (!is_integer(*dtype)) {
      return fail(error(Code::FieldMismatch, found.span,
                        "'{}' has `classes`, but holds {} and no integers", found.name,
                        to_string(*dtype))
                      .help("store class numbers as i64"));
    }
    field.type.dtype = DType::I64;
  }
  ArrayField array{{found.file}, 0, static_cast<std::uint64_t>(catalog::bytes_of(*dtype)), *dtype};
  array.files.front().num_samples = info.num_samples;
  for (std::size_t i = 1; i < found.shape.size(); ++i) {
    field.type.shape.emplace_back(found.shape[i]);
    array.num_bytes *= static_cast<std::uint64_t>(found.shape[i]);
  }
  array.stride = array.num_bytes;
  info.fields.push_back(std::move(field));
  details.fields.push_back(std::move(array));
  return {};
}

Result<SourceInfo> finish(const SourceContext& context, SourceInfo info, ArrayDetails details) {
  if (!details.fields.empty() && info.num_samples > 0) {
    info.details = std::make_shared<const ArrayDetails>(std::move(details));
    return info;
  }
  return fail(error(Code::FieldMismatch, context.span(), "this data has no {}",
                    details.fields.empty() ? "field" : "sample")
                  .help("name at least one field, of at least one sample"));
}

}  // namespace

Result<SourceInfo> inspect_npy(const SourceContext& context) {
  SourceInfo info;
  ArrayDetails details;
  for (const config::Entry& entry : context.params<catalog::NpyParams>().fields.entries) {
    Result<ArrayKeys> keys = read_keys(entry.value, true);
    if (!keys) return fail(keys.error());
    const std::filesystem::path path = context.path(keys->file);
    const Result<format::NpyHeader> header = format::read_npy_header(path);
    if (!header) return fail(header.error());
    FDL_TRY(add_array({entry.key,
                       *keys,
                       header->dtype,
                       header->shape,
                       {path, header->data_offset, 0},
                       entry.value.span},
                      info, details));
    info.files.push_back(path);
  }
  return finish(context, std::move(info), std::move(details));
}

Result<SourceInfo> inspect_safetensors(const SourceContext& context) {
  const auto& p = context.params<catalog::SafetensorsParams>();
  const std::filesystem::path path = context.path(p.file);
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    return fail(error(Code::DataMissing, context.span(), "there is no file '{}'", path.string())
                    .help("check the path; it starts at the manifest's folder"));
  }
  const Result<format::SafetensorsHeader> header = format::read_safetensors_header(path);
  if (!header) {
    Diagnostic d = header.error();
    if (d.code == Code::CheckpointCorrupt) d.code = Code::DataCorrupt;  // here it is data
    return fail(std::move(d));
  }
  config::Node fields = p.fields;
  std::vector<std::string> names;
  for (const format::SafetensorsEntry& entry : header->entries) {
    names.push_back(entry.name);
    if (p.fields.entries.empty())
      fields.entries.push_back(
          {entry.name, context.span(), config::make_scalar(entry.name, context.span())});
  }
  SourceInfo info;
  info.files = {path};
  ArrayDetails details;
  for (const config::Entry& field : fields.entries) {
    Result<ArrayKeys> keys = read_keys(field.value, false);
    if (!keys) return fail(keys.error());
    const format::SafetensorsEntry* entry = header->find(keys->tensor);
    if (entry == nullptr) {
      return fail(error(Code::UnknownKey, field.value.span, "'{}' has no tensor '{}'",
                        path.string(), keys->tensor)
                      .help("it has {}", one_of(names, 40)));
    }
    FDL_TRY(add_array({field.key,
                       *keys,
                       entry->dtype,
                       entry->shape,
                       {path, header->data_offset + entry->begin, 0},
                       field.value.span},
                      info, details));
  }
  return finish(context, std::move(info), std::move(details));
}

}  // namespace fdl::job
