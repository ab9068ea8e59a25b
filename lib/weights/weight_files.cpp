#include "lib/weights/weight_files.h"

#include <algorithm>
#include <set>

#include "lib/format/checkpoint_manifest.h"
#include "lib/format/shard_index.h"
#include "lib/weights/checkpoints.h"

namespace fdl::weights {
namespace {

namespace fs = std::filesystem;

constexpr char kModelFile[] = "model.safetensors";

Failure damaged(const fs::path& path, std::string_view problem) {
  return fail(error(Code::CheckpointCorrupt, {}, "'{}' is damaged: {}", path.string(), problem)
                  .help("fetch the file again, or use another checkpoint"));
}

// Files of PyTorch's own format run code when they are read.
bool is_pickle(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".ckpt";
}

Result<void> add_file(const fs::path& path, WeightFiles& out) {
  if (is_pickle(path)) {
    return fail(error(Code::WeightsMissing, {}, "'{}' is no safetensors file", path.string())
                    .help("convert it once, with the Python package safetensors: "
                          "save_file(torch.load(\"{}\"), \"model.safetensors\")",
                          path.filename().string()));
  }
  Result<format::InputFile> file = format::InputFile::open(path, Code::WeightsMissing);
  if (!file) return fail(file.error());
  Result<format::SafetensorsHeader> header = format::read_safetensors_header(path);
  if (!header) return fail(header.error());
  for (format::SafetensorsEntry& entry : header->entries) {
    const std::uint64_t offset = header->data_offset + entry.begin, num_bytes = entry.num_bytes();
    out.tensors.push_back({std::move(entry.name), entry.dtype, std::move(entry.shape),
                           out.files.size(), offset, num_bytes});
  }
  if (out.files.empty()) out.metadata = std::move(header->metadata);
  out.files.push_back(std::move(*file));
  return {};
}

// The index and the shards' own headers say the same.
Result<void> check_index(const format::ShardIndex& index, const fs::path& path,
                         const WeightFiles& files) {
  std::set<std::pair<std::string, std::string>> there;
  std::set<std::string_view> names;
  for (const StoredTensor& tensor : files.tensors) {
    there.emplace(tensor.name, files.files[tensor.file].path().filename().string());
    if (!names.insert(tensor.name).second)
      return damaged(path, fmt::format("'{}' stands in two of its files", tensor.name));
  }
  for (const auto& entry : index.tensors) {
    if (there.count(entry) == 0)
      return damaged(path, fmt::format("'{}' is not in '{}'", entry.first, entry.second));
  }
  return {};
}

Result<WeightFiles> open_shards(const fs::path& path) {
  const Result<format::ShardIndex> index = format::read_shard_index(path);
  if (!index) return fail(index.error());
  WeightFiles out;
  for (const std::string& file : index->files) FDL_TRY(add_file(path.parent_path() / file, out));
  FDL_TRY(check_index(*index, path, out));
  return out;
}

Result<WeightFiles> open_checkpoint(const fs::path& folder) {
  FDL_TRY(check_sizes(folder));
  WeightFiles out;
  FDL_TRY(add_file(folder / kModelFile, out));
  out.checkpoint = folder;
  return out;
}

}  // namespace

std::string StoredTensor::type_text() const {
  return fmt::format("{}[{}]", format::to_string(dtype), fmt::join(shape, ", "));
}

const StoredTensor* WeightFiles::find(std::string_view name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const StoredTensor& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

Result<void> WeightFiles::read(const StoredTensor& tensor, std::uint64_t from,
                               std::span<std::byte> out) const {
  const format::InputFile& file = files[tensor.file];
  const Result<std::size_t> got = file.read_at(tensor.offset + from, out);
  if (!got) return fail(got.error());
  if (*got == out.size()) return {};
  return damaged(file.path(), fmt::format("it ends inside '{}'", tensor.name));
}

Result<WeightFiles> open_weights(const fs::path& path) {
  std::error_code code;
  const Result<fs::path> checkpoint = find_checkpoint(path);
  if (!checkpoint) return fail(checkpoint.error());
  if (!checkpoint->empty()) return open_checkpoint(*checkpoint);
  if (fs::is_directory(path, code)) {
    if (fs::exists(path / kModelFile, code)) {
      WeightFiles out;
      FDL_TRY(add_file(path / kModelFile, out));
      return out;
    }
    if (fs::exists(path / format::kShardIndexName, code))
      return open_shards(path / format::kShardIndexName);
    return fail(error(Code::WeightsMissing, {}, "'{}' holds no weights", path.string())
                    .help("a folder needs {}, {} or the checkpoints of a run", kModelFile,
                          format::kShardIndexName));
  }
  if (!fs::exists(path, code))
    return fail(error(Code::WeightsMissing, {}, "there is nothing at '{}'", path.string()));
  if (path.filename() == format::kShardIndexName) return open_shards(path);
  WeightFiles out;
  FDL_TRY(add_file(path, out));
  return out;
}

}  // namespace fdl::weights
