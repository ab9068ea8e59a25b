// CIFAR-10 and CIFAR-100 in their binary version: records of label bytes and 3,072 bytes of colour.
#include "lib/catalog/datasets/cifar10.h"
#include "lib/catalog/datasets/cifar100.h"
#include "lib/format/input_file.h"
#include "lib/job/sources/arrays.h"
#include "lib/job/sources/known.h"

namespace fdl::job {
namespace {

using catalog::DType;

constexpr std::uint64_t kImageBytes = 3 * 32 * 32;

struct CifarSet {
  std::vector<std::string> files;
  std::uint64_t label_bytes = 1;  // in front of each image
  std::uint64_t label_at = 0;
  std::int64_t num_classes = 10;
  std::shared_ptr<const std::vector<std::string>> words;
};

Result<SourceInfo> inspect_cifar(const SourceContext& context, const std::string& folder,
                                 const CifarSet& set) {
  const std::uint64_t record = set.label_bytes + kImageBytes;
  SourceInfo info;
  ArrayField image{{}, record, kImageBytes, DType::U8}, label{{}, record, 1, DType::U8};
  const Result<std::filesystem::path> found = known_folder(context, folder);
  if (!found) return fail(found.error());
  for (const std::string& name : set.files) {
    const std::filesystem::path path = *found / name;
    const Result<format::InputFile> file = format::InputFile::open(path, Code::DataMissing);
    if (!file) return fail(file.error());
    if (file->num_bytes() == 0 || file->num_bytes() % record != 0) {
      return fail(error(Code::DataCorrupt, context.span(),
                        "'{}' has {} bytes, which is no multiple of a record of {}", path.string(),
                        file->num_bytes(), record)
                      .help("fetch the binary version again and unpack it"));
    }
    const auto num_samples = static_cast<std::int64_t>(file->num_bytes() / record);
    image.files.push_back({path, set.label_bytes, num_samples});
    label.files.push_back({path, set.label_at, num_samples});
    info.num_samples += num_samples;
    info.files.push_back(path);
  }
  info.fields = {{"image", {DType::U8, {3, 32, 32}}},
                 {"label", {DType::I64, {}}, set.num_classes, 0, "", set.words}};
  info.details = std::make_shared<const ArrayDetails>(ArrayDetails{{image, label}});
  return info;
}

}  // namespace

Result<SourceInfo> inspect_cifar10(const SourceContext& context) {
  const auto& p = context.params<catalog::Cifar10Params>();
  CifarSet set;
  set.words = words(
      {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"});
  set.files = {"test_batch.bin"};
  if (p.split == "train") {
    set.files.clear();
    for (int i = 1; i <= 5; ++i) set.files.push_back(fmt::format("data_batch_{}.bin", i));
  }
  return inspect_cifar(context, p.path, set);
}

Result<SourceInfo> inspect_cifar100(const SourceContext& context) {
  const auto& p = context.params<catalog::Cifar100Params>();
  const bool is_fine = p.labels == "fine";
  return inspect_cifar(context, p.path,
                       {{p.split + ".bin"}, 2, is_fine ? 1U : 0U, is_fine ? 100 : 20, nullptr});
}

}  // namespace fdl::job
