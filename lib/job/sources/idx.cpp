// Fashion-MNIST, MNIST and their kin: idx files.
#include "lib/format/idx.h"

#include "lib/catalog/datasets/fashion_mnist.h"
#include "lib/catalog/datasets/mnist.h"
#include "lib/job/sources/inspect.h"

namespace fdl::job {
namespace {

namespace fs = std::filesystem;
using catalog::DType;

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

Result<SourceInfo> inspect_idx(const SourceContext& context, const IdxSet& set) {
  const Span& span = context.span();
  const Result<IdxFiles> files = find_idx_files(set, context.job.folder, span);
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
  info.fields = {{"image", {DType::U8, {1, rows, columns}}, 0, 0, ""},
                 {"label", {DType::I64, {}}, kNumClasses, 0, ""}};
  info.files = {files->images, files->labels};
  return info;
}

}  // namespace

Result<SourceInfo> inspect_fashion_mnist(const SourceContext& context) {
  const auto& p = context.params<catalog::FashionMnistParams>();
  return inspect_idx(context, {"fashion_mnist", p.split, p.path,
                               "/usr/share/datasets/fashion-mnist", "dataset-fashion-mnist"});
}

Result<SourceInfo> inspect_mnist(const SourceContext& context) {
  const auto& p = context.params<catalog::MnistParams>();
  return inspect_idx(context, {"mnist", p.split, p.path, "/usr/share/datasets/mnist", ""});
}

}  // namespace fdl::job
