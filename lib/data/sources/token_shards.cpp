// Files of token numbers, read at their place when they are asked for.
#include <algorithm>
#include <cstring>

#include "lib/data/sources/open.h"
#include "lib/format/input_file.h"
#include "lib/job/sources/arrays.h"

namespace fdl::data {
namespace {

class ShardSource : public Source {
 public:
  ShardSource(std::vector<Layout> layout, const job::TokenDetails& details,
              std::vector<format::InputFile> files, std::int64_t num_tokens)
      : Source(std::move(layout)),
        details_(details),
        files_(std::move(files)),
        num_tokens_(num_tokens) {}

  std::int64_t num_samples() const override { return num_tokens_; }

  Result<void> read(std::int64_t row, Scratch& scratch, std::span<SampleView> out) const override {
    const auto count = static_cast<std::size_t>(layout().front().num_elements()) + 1;
    const auto token_bytes = static_cast<std::size_t>(details_.token_bytes);
    scratch[0].resize(count * sizeof(std::int64_t));
    scratch[1].resize(count * token_bytes);
    FDL_TRY(read_tokens(row, scratch[1]));
    auto* to = reinterpret_cast<std::int64_t*>(scratch[0].data());
    for (std::size_t i = 0; i < count; ++i) {
      std::uint32_t token = 0;  // the machine is little-endian, as the files are
      std::memcpy(&token, scratch[1].data() + i * token_bytes, token_bytes);
      to[i] = token;
      if (to[i] < layout().front().field.num_classes) continue;
      return fail(error(Code::DataCorrupt, {}, "token {} is {}, but `vocab` is {}",
                        row + static_cast<std::int64_t>(i), token,
                        layout().front().field.num_classes)
                      .help("correct `vocab`, or `dtype`"));
    }
    out[0] = {scratch[0].data(), 0};
    out[1] = {scratch[0].data() + sizeof(std::int64_t), 0};
    return {};
  }

 private:
  // Tokens from number `row` on, over the ends of files.
  Result<void> read_tokens(std::int64_t row, std::span<std::byte> out) const {
    const auto token_bytes = static_cast<std::uint64_t>(details_.token_bytes);
    for (std::size_t i = 0; i < files_.size() && !out.empty(); ++i) {
      const job::ArrayFile& file = details_.files[i];
      if (row >= file.num_samples) {
        row -= file.num_samples;
        continue;
      }
      const auto first = static_cast<std::uint64_t>(row);
      const std::uint64_t room =
          (static_cast<std::uint64_t>(file.num_samples) - first) * token_bytes;
      const std::span<std::byte> part = out.first(std::min<std::uint64_t>(out.size(), room));
      const Result<std::size_t> got = files_[i].read_at(file.offset + first * token_bytes, part);
      if (!got) return fail(got.error());
      if (*got < part.size()) break;
      out = out.subspan(part.size());
      row = 0;
    }
    if (out.empty()) return {};
    return fail(error(Code::DataCorrupt, {}, "the token files have become shorter while in use")
                    .help("start again"));
  }

  job::TokenDetails details_;
  std::vector<format::InputFile> files_;
  std::int64_t num_tokens_;
};

}  // namespace

OpenedSource open_token_shards(const OpenContext& context) {
  const auto& details = *static_cast<const job::TokenDetails*>(context.info.details.get());
  std::vector<format::InputFile> files;
  for (const job::ArrayFile& one : details.files) {
    Result<format::InputFile> file = format::InputFile::open(one.path, Code::DataMissing);
    if (!file) return fail(file.error());
    files.push_back(std::move(*file));
  }
  std::vector<Layout> layout;
  for (const job::Field& field : context.info.fields)
    layout.push_back({field, at::kLong, {context.info.window}});
  return std::make_shared<ShardSource>(std::move(layout), details, std::move(files),
                                       context.info.num_samples);
}

}  // namespace fdl::data
