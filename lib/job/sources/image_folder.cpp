#include "lib/job/sources/image_folder.h"

#include <algorithm>

#include "lib/catalog/datasets/image_folder.h"
#include "lib/format/image_header.h"
#include "lib/job/sources/inspect.h"

namespace fdl::job {
namespace {

namespace fs = std::filesystem;
using catalog::DType;

// Names within a folder, in order: of folders, or of pictures.
std::vector<std::string> names_in(const fs::path& folder, bool of_folders) {
  std::vector<std::string> out;
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    std::error_code ignored;
    std::string extension = it->path().extension().string();
    for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    const bool is_picture = extension == ".jpg" || extension == ".jpeg" || extension == ".png";
    if (of_folders ? it->is_directory(ignored) : is_picture)
      out.push_back(it->path().filename().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<ImageFolderDetails> find_pictures(const SourceContext& context) {
  const auto& p = context.params<catalog::ImageFolderParams>();
  ImageFolderDetails out;
  out.folder = context.path(p.path);
  out.classes = p.classes.empty() ? names_in(out.folder, true) : p.classes;
  for (std::size_t i = 0; i < out.classes.size(); ++i) {
    std::vector<std::string> names = names_in(out.folder / out.classes[i], false);
    if (names.empty()) {
      return fail(error(Code::DataMissing, context.span(),
                        "the class '{}' has no picture: no .jpg, .jpeg or .png in '{}'",
                        out.classes[i], (out.folder / out.classes[i]).string())
                      .help("put some there, or name the classes that count: classes: [a, b]"));
    }
    for (std::string& name : names)
      out.pictures.push_back({std::move(name), static_cast<std::int64_t>(i)});
  }
  if (!out.pictures.empty()) return out;
  return fail(error(Code::DataMissing, context.span(), "'{}' has no folders of pictures",
                    out.folder.string())
                  .help("it must have a folder for each class, with JPEG or PNG files"));
}

// Looks at every header: each must be a picture, and without `size` all of one size.
Result<std::array<std::int64_t, 2>> check_pictures(const SourceContext& context,
                                                   const ImageFolderDetails& details) {
  const auto& p = context.params<catalog::ImageFolderParams>();
  std::array<std::int64_t, 2> size = p.size.value_or(std::array<std::int64_t, 2>{0, 0});
  for (const ImageFolderDetails::Picture& picture : details.pictures) {
    const auto header = format::read_image_header(details.path_of(picture));
    if (!header) return fail(header.error());
    if (p.size) continue;
    const std::array<std::int64_t, 2> own = {header->height, header->width};
    if (&picture == &details.pictures.front()) size = own;
    if (own == size) continue;
    return fail(error(Code::FieldMismatch, context.span(),
                      "'{}' is {} x {}, but '{}' is {} x {} (height x width)",
                      details.path_of(picture).string(), own[0], own[1],
                      details.path_of(details.pictures.front()).string(), size[0], size[1])
                    .help("scale all of them: size: [{}, {}]", size[0], size[1]));
  }
  return size;
}

}  // namespace

Result<SourceInfo> inspect_image_folder(const SourceContext& context) {
  const auto& p = context.params<catalog::ImageFolderParams>();
  if (p.channels == 2) {
    return fail(error(Code::OutOfRange, context.span(), "'channels' must be 1 or 3, not 2")
                    .help("3 for colours, 1 for grey"));
  }
  Result<ImageFolderDetails> details = find_pictures(context);
  if (!details) return fail(details.error());
  const auto size = check_pictures(context, *details);
  if (!size) return fail(size.error());
  SourceInfo info;
  info.num_samples = static_cast<std::int64_t>(details->pictures.size());
  info.fields = {{"image", {DType::U8, {p.channels, (*size)[0], (*size)[1]}}},
                 {"label", {DType::I64, {}}, static_cast<std::int64_t>(details->classes.size())}};
  info.fields[1].words = std::make_shared<const std::vector<std::string>>(details->classes);
  info.files = {details->folder};
  info.details = std::make_shared<const ImageFolderDetails>(std::move(*details));
  return info;
}

}  // namespace fdl::job
