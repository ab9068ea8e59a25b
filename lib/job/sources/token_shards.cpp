#include "lib/catalog/datasets/token_shards.h"

#include <algorithm>
#include <array>

#include "lib/format/input_file.h"
#include "lib/job/sources/arrays.h"
#include "lib/job/sources/inspect.h"

namespace fdl::job {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMagic = 20240520;
constexpr std::uint64_t kHeaderBytes = 256 * 4;

// The files of the set in order of name.
Result<std::vector<fs::path>> find_shards(const SourceContext& context, const fs::path& path) {
  std::error_code code;
  std::vector<fs::path> out;
  if (!fs::is_directory(path, code)) return std::vector<fs::path>{path};
  for (fs::directory_iterator it(path, code), end; !code && it != end; it.increment(code)) {
    if (it->path().extension() == ".bin") out.push_back(it->path());
  }
  std::sort(out.begin(), out.end());
  if (!out.empty()) return out;
  return fail(error(Code::DataMissing, context.span(), "'{}' has no .bin file", path.string())
                  .help("name the folder of the shards, or one of them"));
}

Result<ArrayFile> open_shard(const SourceContext& context, const fs::path& path,
                             std::uint64_t token_bytes) {
  const Result<format::InputFile> file = format::InputFile::open(path, Code::DataMissing);
  if (!file) return fail(file.error());
  std::array<std::uint8_t, 4> start{};
  const Result<std::size_t> got = file->read_at(0, std::as_writable_bytes(std::span(start)));
  if (!got) return fail(got.error());
  std::uint32_t first = 0;
  for (std::size_t i = 4; i-- > 0;) first = (first << 8U) | start[i];
  const bool has_header = first == kMagic && file->num_bytes() >= kHeaderBytes;
  ArrayFile out{path, has_header ? kHeaderBytes : 0, 0};
  const std::uint64_t num_bytes = file->num_bytes() - out.offset;
  if (num_bytes % token_bytes != 0) {
    return fail(error(Code::DataCorrupt, context.span(),
                      "'{}' has {} bytes of tokens, which is no multiple of {}", path.string(),
                      num_bytes, token_bytes)
                    .help("the file is cut off, or its tokens have another `dtype`"));
  }
  out.num_samples = static_cast<std::int64_t>(num_bytes / token_bytes);
  return out;
}

}  // namespace

Result<SourceInfo> inspect_token_shards(const SourceContext& context) {
  const auto& p = context.params<catalog::TokenShardsParams>();
  const Result<std::int64_t> window = window_of(context, p.window);
  if (!window) return fail(window.error());
  const Result<std::vector<fs::path>> paths = find_shards(context, context.path(p.path));
  if (!paths) return fail(paths.error());
  SourceInfo info;
  info.window = *window;
  info.stride = p.stride.value_or(*window);
  info.files = *paths;
  TokenDetails details{{}, p.dtype == "u16" ? 2 : 4};
  for (const fs::path& path : *paths) {
    const Result<ArrayFile> shard =
        open_shard(context, path, static_cast<std::uint64_t>(details.token_bytes));
    if (!shard) return fail(shard.error());
    info.num_samples += shard->num_samples;
    details.files.push_back(*shard);
  }
  for (const char* name : {"tokens", "target"})
    info.fields.push_back({name, {catalog::DType::I64, {*window}}, p.vocab});
  info.details = std::make_shared<const TokenDetails>(std::move(details));
  return info;
}

}  // namespace fdl::job
