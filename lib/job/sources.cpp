// What the headers of data files say, without reading the data.
#include "lib/catalog/datasets/fashion_mnist.h"
#include "lib/catalog/datasets/mnist.h"
#include "lib/catalog/datasets/synthetic.h"
#include "lib/format/idx.h"
#include "lib/job/job.h"

namespace fdl::job {
namespace {

namespace fs = std::filesystem;
using catalog::DType;
using catalog::TensorType;

constexpr std::int64_t kNumClasses = 10;

struct IdxFiles {
  fs::path images, labels;
};

// `file` or `file.gz` in the folder; the first when neither is there.
fs::path plain_or_gz(const fs::path& folder, const std::string& name) {
  const fs::path plain = folder / name, gz = folder / (name + ".gz");
  std::error_code code;  // a folder that may not be entered, a name too long: as if not there
  return !fs::exists(plain, code) && fs::exists(gz, code) ? gz : plain;
}

struct IdxSet {
  std::string name;
  std::string split;
  std::string path;
  fs::path system_folder;
  std::string package;  // the Debian package that brings it, or ""
};

Result<IdxFiles> find_idx_files(const IdxSet& set, const fs::path& project, const Span& span) {
  const fs::path folder = set.path.empty() ? set.system_folder : project / set.path;
  const std::string prefix = set.split == "test" ? "t10k" : "train";
  IdxFiles files{plain_or_gz(folder, prefix + "-images-idx3-ubyte"),
                 plain_or_gz(folder, prefix + "-labels-idx1-ubyte")};
  for (const fs::path& file : {files.images, files.labels}) {
    std::error_code code;
    if (fs::exists(file, code)) continue;
    Diagnostic d =
        error(Code::DataMissing, span, "the data source '{}' is not there: no '{}' in '{}'",
              set.name, file.filename().string(), folder.string());
    if (set.path.empty() && !set.package.empty())
      return fail(std::move(d).help(
          "apt-get install {}, or name a folder that has the files: path: ./data", set.package));
    return fail(std::move(d).help("name the folder that has the four idx files: path: ./data"));
  }
  return files;
}

Result<SourceInfo> inspect_idx(const IdxSet& set, const fs::path& project, const Span& span) {
  const Result<IdxFiles> files = find_idx_files(set, project, span);
  if (!files) return fail(files.error());
  const Result<format::IdxHeader> images = format::read_idx_header(files->images);
  if (!images) return fail(images.error());
  const Result<format::IdxHeader> labels = format::read_idx_header(files->labels);
  if (!labels) return fail(labels.error());
  const bool shapes_fit = images->dims.size() == 3 && labels->dims.size() == 1;
  if (!shapes_fit || images->dims[0] != labels->dims[0]) {
    return fail(error(Code::DataCorrupt, span, "'{}' and '{}' do not belong together",
                      files->images.string(), files->labels.string())
                    .help("one must hold n images, the other n labels"));
  }
  SourceInfo info;
  info.num_samples = static_cast<std::int64_t>(images->dims[0]);
  const auto rows = static_cast<std::int64_t>(images->dims[1]),
             columns = static_cast<std::int64_t>(images->dims[2]);
  info.fields = {{"image", {DType::U8, {1, rows, columns}}, 0},
                 {"label", {DType::I64, {}}, kNumClasses}};
  info.files = {files->images, files->labels};
  return info;
}

// How many positions the sequences have. A model with states sees one at a call; the inputs of
// another one have an axis for them in front.
Result<std::int64_t> synthetic_positions(const catalog::Choice& source, const graph::Graph& graph) {
  const auto& p = source.as<catalog::SyntheticParams>();
  if (!graph.states.empty()) {
    if (p.steps) return *p.steps;
    return fail(error(Code::MissingKey, source.span, "synthetic sequences need 'steps'")
                    .help("for example kind: sequences, steps: 64"));
  }
  std::optional<std::int64_t> found = p.steps;
  for (const graph::NamedValue& input : graph.inputs) {
    const TensorType& type = graph.values[static_cast<std::size_t>(input.value)].type;
    const std::int64_t length = type.shape.size() > 1 ? type.shape[1].number() : 0;
    if (!found) found = length;
    if (length > 0 && length == *found) continue;
    return fail(
        error(Code::FieldMismatch, source.span,
              "synthetic sequences of {} positions cannot be the input '{}', {}", *found,
              input.name, to_string(type))
            .help("the first axis of each input counts the positions; a model with `state:` "
                  "sees one at a call"));
  }
  return found.value_or(1);
}

Result<SourceInfo> inspect_synthetic(const catalog::Choice& source, const graph::Graph& graph) {
  const auto& p = source.as<catalog::SyntheticParams>();
  SourceInfo info;
  info.num_samples = p.samples;
  for (const graph::NamedValue& input : graph.inputs) {
    TensorType type = graph.values[static_cast<std::size_t>(input.value)].type;
    type.shape.erase(type.shape.begin());
    for (const catalog::Dim& dim : type.shape) {
      if (dim.is_number() && is_floating(type.dtype)) continue;
      return fail(error(Code::FieldMismatch, source.span,
                        "synthetic data cannot make the input '{}' of type {}", input.name,
                        to_string(type))
                      .help("it makes floating-point inputs whose axes are all numbers"));
    }
    info.fields.push_back({input.name, std::move(type), 0});
  }
  if (p.kind == "classification") {
    info.fields.push_back({"target", {DType::I64, {}}, p.classes});
    return info;
  }
  std::string why = "it is needed";
  std::map<std::string, std::int64_t> bounds;
  auto type = catalog::parse_tensor_type(p.target, bounds, why);
  if (!type || !bounds.empty() || !is_floating(type->dtype)) {
    return fail(error(Code::WrongType, source.span,
                      "'target' of synthetic {} must be a type, not '{}': {}", p.kind, p.target,
                      why)
                    .help("for example target: \"f32[10]\""));
  }
  info.fields.push_back({"target", *std::move(type), 0});
  if (p.kind != "sequences") return info;
  const Result<std::int64_t> positions = synthetic_positions(source, graph);
  if (!positions) return fail(positions.error());
  for (Field& field : info.fields) {
    const bool has_axis = graph.states.empty() && field.name != "target";
    if (!has_axis) field.type.shape.insert(field.type.shape.begin(), catalog::Dim(*positions));
  }
  return info;
}

}  // namespace

Result<SourceInfo> inspect_source(const catalog::Choice& source, const graph::Graph& graph,
                                  const fs::path& folder) {
  if (source.name() == "synthetic") return inspect_synthetic(source, graph);
  if (source.name() == "fashion_mnist") {
    const auto& p = source.as<catalog::FashionMnistParams>();
    return inspect_idx({source.name(), p.split, p.path, "/usr/share/datasets/fashion-mnist",
                        "dataset-fashion-mnist"},
                       folder, source.span);
  }
  const auto& p = source.as<catalog::MnistParams>();
  return inspect_idx({source.name(), p.split, p.path, "/usr/share/datasets/mnist", ""}, folder,
                     source.span);
}

}  // namespace fdl::job
