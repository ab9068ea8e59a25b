#include "lib/format/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "lib/base/files.h"
#include "lib/format/input_file.h"
#include "lib/format/json_text.h"
#include "lib/format/safetensors_dtype.h"

namespace fdl::format {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie");

constexpr std::size_t kLengthBytes = 8;

using LengthBytes = std::array<std::byte, kLengthBytes>;

LengthBytes encode_length(std::uint64_t length) { return std::bit_cast<LengthBytes>(length); }
std::uint64_t decode_length(const LengthBytes& bytes) {
  return std::bit_cast<std::uint64_t>(bytes);
}

Failure damaged(const fs::path& path, std::string_view problem) {
  return fail(error(Code::CheckpointCorrupt, {}, "'{}' is no whole safetensors file: {}",
                    path.string(), problem)
                  .help("fetch the file again, or use another checkpoint"));
}

Failure cannot_write(const fs::path& path, std::string_view problem) {
  return fail(error(Code::CannotWrite, {}, "cannot write '{}': {}", path.string(), problem));
}

// The header's text, once its length is known to be sane and inside the file.
Result<std::string> read_header_text(const InputFile& file) {
  LengthBytes length_bytes{};
  const Result<std::size_t> got = file.read_at(0, length_bytes);
  if (!got) return fail(got.error());
  if (*got < kLengthBytes || file.num_bytes() < kLengthBytes) {
    return damaged(file.path(),
                   fmt::format("it ends at byte {}; 8 bytes of header length were expected", *got));
  }
  const std::uint64_t length = decode_length(length_bytes);
  if (length > kMostHeaderBytes) {
    return damaged(file.path(), fmt::format("byte 0: it claims a header of {} bytes; at most {} "
                                            "are read",
                                            length, kMostHeaderBytes));
  }
  if (length > file.num_bytes() - kLengthBytes) {
    return damaged(file.path(), fmt::format("it ends at byte {}, inside its header of {} bytes",
                                            file.num_bytes(), length));
  }
  std::string text(length, '\0');
  const Result<std::size_t> num_text =
      file.read_at(kLengthBytes, std::as_writable_bytes(std::span(text)));
  if (!num_text) return fail(num_text.error());
  if (*num_text < length) return damaged(file.path(), "it became shorter while it was read");
  return text;
}

// {"__metadata__":{...},"name":{...},...} and spaces up to the alignment of the data.
class HeaderText {
 public:
  std::string text() && {
    std::string out = "{" + std::move(body_) + "}";
    while ((kLengthBytes + out.size()) % kHeaderAlignment != 0) out += ' ';
    return out;
  }

  void add_metadata(const std::string& pairs) {
    body_ += fmt::format("\"{}\":{{{}}}", kMetadataName, pairs);
  }

  // `name` is quoted.
  void add_entry(const std::string& name, const TensorBytes& tensor) {
    if (!body_.empty()) body_ += ',';
    std::string dims;
    for (const std::int64_t dim : tensor.shape)
      dims += (dims.empty() ? "" : ",") + std::to_string(dim);
    body_ += fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", name,
                         to_string(tensor.dtype), dims, offset_, offset_ + tensor.num_bytes);
    offset_ += tensor.num_bytes;
  }

 private:
  std::string body_;
  std::uint64_t offset_ = 0;
};

Result<std::string> metadata_pairs(const fs::path& path,
                                   const std::map<std::string, std::string>& metadata) {
  std::string out;
  for (const auto& [key, value] : metadata) {
    const auto quoted_key = json_string(key);
    const auto quoted_value = json_string(value);
    if (!quoted_key || !quoted_value) {
      return cannot_write(path, fmt::format("metadata '{}' is not UTF-8", shortened(key)));
    }
    out += (out.empty() ? "" : ",") + *quoted_key + ":" + *quoted_value;
  }
  return out;
}

// What could not be read back is refused before anything is written.
Result<void> check_tensor(const fs::path& path, const TensorBytes& tensor) {
  const auto refuse = [&](std::string_view problem) {
    return cannot_write(path, fmt::format("tensor '{}': {}", shortened(tensor.name), problem));
  };
  if (tensor.name == kMetadataName) return refuse("the name is reserved by the format");
  if (tensor.shape.size() > kMostTensorDims) return refuse("it has too many dimensions");
  if (shape_bytes(tensor.shape, tensor.dtype) != tensor.num_bytes)
    return refuse(fmt::format("{} bytes do not fit its dtype and shape", tensor.num_bytes));
  return {};
}

Result<void> check_names_differ(const fs::path& path, std::span<const TensorBytes> tensors) {
  std::vector<std::string_view> names;
  for (const TensorBytes& tensor : tensors) names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return cannot_write(path, fmt::format("two tensors have the name '{}'", shortened(*twice)));
}

Result<std::string> make_header(const fs::path& path, std::span<const TensorBytes> tensors,
                                const std::map<std::string, std::string>& metadata) {
  FDL_TRY(check_names_differ(path, tensors));
  HeaderText header;
  if (!metadata.empty()) {
    const Result<std::string> pairs = metadata_pairs(path, metadata);
    if (!pairs) return fail(pairs.error());
    header.add_metadata(*pairs);
  }
  for (const TensorBytes& tensor : tensors) {
    FDL_TRY(check_tensor(path, tensor));
    const auto name = json_string(tensor.name);
    if (!name)
      return cannot_write(path, fmt::format("the name '{}' is not UTF-8", shortened(tensor.name)));
    header.add_entry(*name, tensor);
  }
  std::string text = std::move(header).text();
  if (text.size() > kMostHeaderBytes)
    return cannot_write(path, "its header would be longer than other readers allow");
  return text;
}

}  // namespace

const SafetensorsEntry* SafetensorsHeader::find(std::string_view name) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(),
                   [&](const SafetensorsEntry& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

Result<SafetensorsHeader> read_safetensors_header(const fs::path& path) {
  const Result<InputFile> file = InputFile::open(path);
  if (!file) return fail(file.error());
  const Result<std::string> text = read_header_text(*file);
  if (!text) return fail(text.error());
  return parse_safetensors_header(*text, file->num_bytes() - kLengthBytes - text->size(), path);
}

Result<void> read_safetensors_data(const fs::path& path, const SafetensorsHeader& header,
                                   const SafetensorsEntry& entry, std::span<std::byte> out) {
  if (out.size() != entry.num_bytes()) {
    return fail(error(Code::CheckpointMismatch, {},
                      "'{}' in '{}' has {} bytes where {} were expected", shortened(entry.name),
                      path.string(), entry.num_bytes(), out.size()));
  }
  const Result<InputFile> file = InputFile::open(path);
  if (!file) return fail(file.error());
  const Result<std::size_t> got = file->read_at(header.data_offset + entry.begin, out);
  if (!got) return fail(got.error());
  if (*got == out.size()) return {};
  return damaged(
      path, fmt::format("it ends inside '{}', which has {} bytes at byte {}", shortened(entry.name),
                        out.size(), header.data_offset + entry.begin));
}

Result<void> write_safetensors(const fs::path& path, std::span<const TensorBytes> tensors,
                               const std::map<std::string, std::string>& metadata) {
  return write_safetensors(path, tensors, metadata, [&](std::size_t i, FileWriter& out) {
    return out.write(tensors[i].data, tensors[i].num_bytes);
  });
}

Result<void> write_safetensors(const fs::path& path, std::span<const TensorBytes> tensors,
                               const std::map<std::string, std::string>& metadata,
                               const TensorProducer& produce) {
  const Result<std::string> header = make_header(path, tensors, metadata);
  if (!header) return fail(header.error());
  return write_atomic(path, [&](FileWriter& out) -> Result<void> {
    const LengthBytes length = encode_length(header->size());
    FDL_TRY(out.write(length.data(), length.size()));
    FDL_TRY(out.write(header->data(), header->size()));
    for (std::size_t i = 0; i < tensors.size(); ++i) FDL_TRY(produce(i, out));
    return {};
  });
}

}  // namespace fdl::format
