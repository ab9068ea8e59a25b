#include "lib/format/idx.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/ranges.h>

#include "lib/format/byte_stream.h"

namespace fdl::format {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kPieceBytes = 1 << 20;

struct OpenIdx {
  ByteStream stream;
  IdxHeader header;
};

template <typename... A>
Failure damaged(const fs::path& path, fmt::format_string<A...> text, A&&... args) {
  return fail(error(Code::DataCorrupt, {}, "'{}' is damaged: {}", path.string(),
                    fmt::format(text, std::forward<A>(args)...))
                  .help("fetch the file again, and check that it is the one that is meant"));
}

std::string_view type_name(std::uint8_t type) {
  switch (type) {
    case 0x08:
      return "u8";
    case 0x09:
      return "i8";
    case 0x0b:
      return "i16";
    case 0x0c:
      return "i32";
    case 0x0d:
      return "f32";
    case 0x0e:
      return "f64";
    default:
      return "none of the format's types";
  }
}

Failure ends_early(const fs::path& path, std::uint64_t offset, std::uint64_t expected) {
  return damaged(path, "it ends at byte {} of {}", offset, expected);
}

// The four bytes that say what follows; how many dimensions.
Result<std::size_t> check_magic(const fs::path& path, std::span<const std::uint8_t, 4> magic) {
  if (magic[0] != 0 || magic[1] != 0) {
    return damaged(path, "byte 0: expected the magic bytes 00 00 08 of an idx file, found {:02x}",
                   fmt::join(magic, " "));
  }
  if (magic[2] != 0x08) {
    return damaged(path, "byte 2: element type 0x{:02x} ({}) is not read; expected 0x08 (u8)",
                   magic[2], type_name(magic[2]));
  }
  if (magic[3] < 1 || magic[3] > kMostIdxDims) {
    return damaged(path, "byte 3: expected 1 to {} dimensions, found {}", kMostIdxDims, magic[3]);
  }
  return magic[3];
}

// One dimension after the other, so that the product is checked before it is used.
Result<void> read_dims(ByteStream& stream, std::size_t num_dims, IdxHeader& header) {
  const fs::path& path = stream.file().path();
  std::array<std::uint8_t, 4 * kMostIdxDims> bytes{};
  const Result<std::size_t> got = stream.read(std::span(bytes).first(4 * num_dims));
  if (!got) return fail(got.error());
  if (*got < 4 * num_dims) return ends_early(path, stream.position(), 4 + 4 * num_dims);
  for (std::size_t i = 0; i < num_dims; ++i) {
    std::int64_t dim = 0;
    for (std::size_t k = 0; k < 4; ++k) dim = dim * 256 + bytes[4 * i + k];
    header.dims.push_back(dim);
  }
  // Zeros count as ones here: what is claimed beside them must be sane too.
  std::uint64_t claimed = 1;
  for (const std::int64_t dim : header.dims) {
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(dim, 1));
    if (__builtin_mul_overflow(claimed, factor, &claimed) || claimed > kMostIdxBytes) {
      return damaged(path, "byte 4: dimensions {} claim more than {} bytes",
                     fmt::join(header.dims, " x "), kMostIdxBytes);
    }
  }
  return {};
}

// A plain file shows its whole length before it is read.
Result<void> check_plain_length(const ByteStream& stream, const IdxHeader& header) {
  const std::uint64_t expected = header.data_offset() + header.num_data_bytes();
  const std::uint64_t found = stream.file().num_bytes();
  if (found < expected) return ends_early(stream.file().path(), found, expected);
  if (found > expected) {
    return damaged(stream.file().path(), "its data ends at byte {}, but {} bytes follow", expected,
                   found - expected);
  }
  return {};
}

Result<OpenIdx> open_idx(const fs::path& path) {
  Result<ByteStream> stream = ByteStream::open(path);
  if (!stream) return fail(std::move(stream.error()));
  std::array<std::uint8_t, 4> magic{};
  const Result<std::size_t> got = stream->read(magic);
  if (!got) return fail(got.error());
  if (*got < magic.size()) return ends_early(path, *got, magic.size());
  const Result<std::size_t> num_dims = check_magic(path, magic);
  if (!num_dims) return fail(num_dims.error());
  OpenIdx open{std::move(*stream), {}};
  open.header.is_gzip = open.stream.is_gzip();
  FDL_TRY(read_dims(open.stream, *num_dims, open.header));
  if (!open.header.is_gzip) FDL_TRY(check_plain_length(open.stream, open.header));
  return open;
}

Result<std::vector<std::uint8_t>> read_data(OpenIdx& open) {
  const std::uint64_t total = open.header.num_data_bytes();
  std::vector<std::uint8_t> data;
  while (data.size() < total) {
    const std::size_t before = data.size();
    // Doubling bounds the memory by twice what has arrived, and ends exactly at `total`.
    if (before == data.capacity())
      data.reserve(std::min(total, std::max<std::uint64_t>(kPieceBytes, 2 * before)));
    data.resize(std::min(data.capacity(), before + kPieceBytes));
    const Result<std::size_t> got = open.stream.read(std::span(data).subspan(before));
    if (!got) return fail(got.error());
    if (*got < data.size() - before) {
      return ends_early(open.stream.file().path(), open.stream.position(),
                        open.header.data_offset() + total);
    }
  }
  return data;
}

// The stream must end here; asking beyond also makes zlib check its trailer.
Result<void> check_end(OpenIdx& open) {
  const std::uint64_t end = open.stream.position();
  std::array<std::uint8_t, 1> beyond{};
  const Result<std::size_t> got = open.stream.read(beyond);
  if (!got) return fail(got.error());
  if (*got == 0) return {};
  return damaged(open.stream.file().path(), "its data ends at byte {}, but more bytes follow", end);
}

}  // namespace

std::uint64_t IdxHeader::num_data_bytes() const {
  std::uint64_t product = 1;
  for (const std::int64_t dim : dims) product *= static_cast<std::uint64_t>(dim);
  return product;
}

Result<IdxHeader> read_idx_header(const fs::path& path) {
  Result<OpenIdx> open = open_idx(path);
  if (!open) return fail(std::move(open.error()));
  return std::move(open->header);
}

Result<IdxFile> read_idx(const fs::path& path) {
  Result<OpenIdx> open = open_idx(path);
  if (!open) return fail(std::move(open.error()));
  Result<std::vector<std::uint8_t>> data = read_data(*open);
  if (!data) return fail(std::move(data.error()));
  FDL_TRY(check_end(*open));
  return IdxFile{std::move(open->header), std::move(*data)};
}

Result<void> check_labels(const IdxFile& file, const fs::path& path, std::int64_t num_classes) {
  if (file.header.dims.size() != 1) {
    return fail(error(Code::DataCorrupt, {},
                      "'{}' holds no labels: expected 1 dimension, found {} ({})", path.string(),
                      file.header.dims.size(), fmt::join(file.header.dims, " x "))
                    .help("check whether the files of images and labels are exchanged"));
  }
  const auto bad = std::find_if(file.data.begin(), file.data.end(),
                                [&](std::uint8_t label) { return label >= num_classes; });
  if (bad == file.data.end()) return {};
  const auto index = static_cast<std::uint64_t>(bad - file.data.begin());
  return fail(error(Code::DataCorrupt, {},
                    "label {} of '{}' (byte {}) is {}; expected 0 to {}, for {} classes", index,
                    path.string(), file.header.data_offset() + index, *bad, num_classes - 1,
                    num_classes)
                  .help("fetch the file again, or correct the number of classes"));
}

}  // namespace fdl::format
