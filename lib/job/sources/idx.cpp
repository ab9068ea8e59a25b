// Fashion-MNIST, MNIST and their kin: idx files.
#include "lib/format/idx.h"

#include "lib/catalog/datasets/fashion_mnist.h"
#include "lib/catalog/datasets/mnist.h"
#include "lib/fetch/known_sets.h"
#include "lib/job/sources/known.h"

namespace fdl::job {
namespace {

namespace fs = std::filesystem;
using catalog::DType;

constexpr std::int64_t kNumClasses = 10;

struct IdxFiles {
  fs::path images, labels;
};

// Plain or gzip; FDL5101 where one is not there.
Result<IdxFiles> find_idx_files(const SourceContext& context, const std::string& split,
                                const std::string& path) {
  const Result<fs::path> folder = known_folder(context, path);
  if (!folder) return fail(folder.error());
  const std::string prefix = split == "test" ? "t10k" : "train";
  IdxFiles out;
  for (const auto& [name, where] :
       {std::pair<std::string, fs::path*>{prefix + "-images-idx3-ubyte", &out.images},
        {prefix + "-labels-idx1-ubyte", &out.labels}}) {
    const auto found = fetch::find_file(*folder, name);
    if (!found) {
      return fail(error(Code::DataMissing, context.span(),
                        "the data source '{}' is not there: no '{}' in '{}'",
                        context.split.source.name(), name, folder->string())
                      .help("name the folder that has the four idx files: path: ./data"));
    }
    *where = *found;
  }
  return out;
}

Result<SourceInfo> inspect_idx(const SourceContext& context, const std::string& split,
                               const std::string& path, std::vector<std::string> names) {
  const Span& span = context.span();
  const Result<IdxFiles> files = find_idx_files(context, split, path);
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
                 {"label", {DType::I64, {}}, kNumClasses, 0, "", words(std::move(names))}};
  info.files = {files->images, files->labels};
  return info;
}

}  // namespace

Result<SourceInfo> inspect_fashion_mnist(const SourceContext& context) {
  const auto& p = context.params<catalog::FashionMnistParams>();
  return inspect_idx(context, p.split, p.path,
                     {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                      "Sneaker", "Bag", "Ankle boot"});
}

Result<SourceInfo> inspect_mnist(const SourceContext& context) {
  const auto& p = context.params<catalog::MnistParams>();
  return inspect_idx(context, p.split, p.path, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

}  // namespace fdl::job
