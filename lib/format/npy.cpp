#include "lib/format/npy.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "lib/base/check.h"
#include "lib/format/input_file.h"
#include "lib/format/json_text.h"

namespace fdl::format {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMostDims = 32;

struct Named {
  std::string_view descr;
  SafetensorsDtype dtype;
};
constexpr Named kTypes[] = {
    {"<f4", SafetensorsDtype::F32}, {"<f8", SafetensorsDtype::F64}, {"<f2", SafetensorsDtype::F16},
    {"<i8", SafetensorsDtype::I64}, {"<i4", SafetensorsDtype::I32}, {"<i2", SafetensorsDtype::I16},
    {"|i1", SafetensorsDtype::I8},  {"|u1", SafetensorsDtype::U8},  {"|b1", SafetensorsDtype::Bool},
};

// Reads the dictionary. After a `false`, problem() says what is wrong.
class Parser {
 public:
  Parser(std::string_view text, NpyHeader& out) : text_(text), out_(out) {}

  const std::string& problem() const { return problem_; }

  bool parse() {
    if (!take('{')) return refuse("its header is no dictionary");
    while (!take('}')) {
      std::string_view key;
      if (!string(key) || !take(':')) return refuse("its header has no key where one is expected");
      if (!value(key)) return false;
      if (!take(',') && !peek('}')) return refuse("its header has no comma behind a value");
    }
    if (has_descr_ && has_order_ && has_shape_) return true;
    return refuse("its header lacks one of 'descr', 'fortran_order', 'shape'");
  }

 private:
  bool refuse(std::string text) {
    if (problem_.empty()) problem_ = std::move(text);
    return false;
  }
  void skip_spaces() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n'))
      text_.remove_prefix(1);
  }
  bool peek(char c) {
    skip_spaces();
    return !text_.empty() && text_.front() == c;
  }
  bool take(char c) {
    if (!peek(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool string(std::string_view& out) {
    if (!peek('\'') && !peek('"')) return false;
    const std::size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) return false;
    out = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return true;
  }
  bool word(std::string_view wanted) {
    skip_spaces();
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(wanted.size());
    return true;
  }

  bool value(std::string_view key) {
    if (key == "descr" && !std::exchange(has_descr_, true)) return descr();
    if (key == "shape" && !std::exchange(has_shape_, true)) return shape();
    if (key == "fortran_order" && !std::exchange(has_order_, true)) {
      if (word("False")) return true;
      return refuse("its elements are in Fortran order; save numpy.ascontiguousarray(x)");
    }
    return refuse(fmt::format("its header has an unexpected key '{}'", shortened(key)));
  }
  bool descr() {
    std::string_view text;
    if (!string(text)) return refuse("its elements are records, not numbers");
    for (const Named& one : kTypes) {
      if (one.descr != text) continue;
      out_.dtype = one.dtype;
      return true;
    }
    return refuse(
        fmt::format("its elements are '{}', which is not read; expected one of f4, f8, f2, "
                    "i8, i4, i2, i1, u1 and b1, little-endian",
                    shortened(text)));
  }
  bool shape() {
    if (!take('(')) return refuse("its shape is no tuple");
    while (!take(')')) {
      skip_spaces();
      std::int64_t size = 0;
      const auto [end, code] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (code != std::errc() || size < 0 || out_.shape.size() == kMostDims)
        return refuse("its shape cannot be read");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      out_.shape.push_back(size);
      if (!take(',') && !peek(')')) return refuse("its shape cannot be read");
    }
    return true;
  }

  std::string_view text_;
  NpyHeader& out_;
  std::string problem_;
  bool has_descr_ = false, has_order_ = false, has_shape_ = false;
};

std::optional<std::uint64_t> checked_bytes(const NpyHeader& header) {
  std::uint64_t out = element_bytes(header.dtype);
  for (const std::int64_t size : header.shape) {
    if (__builtin_mul_overflow(out, static_cast<std::uint64_t>(size), &out)) return std::nullopt;
  }
  return out;
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    out = (out << 8U) | static_cast<unsigned char>(bytes[i]);
  return out;
}

Failure refused(const std::filesystem::path& path, const std::string& problem) {
  return fail(
      error(Code::DataCorrupt, {}, "'{}' cannot be read as .npy: {}", path.string(), problem)
          .help("write it with numpy.save"));
}

}  // namespace

std::uint64_t NpyHeader::num_data_bytes() const { return checked_bytes(*this).value_or(0); }

Result<NpyHeader> parse_npy_header(std::string_view start, std::uint64_t num_bytes,
                                   const std::filesystem::path& path) {
  if (!start.starts_with(kMagic) || start.size() < 10)
    return refused(path, "it does not begin with \\x93NUMPY and a version");
  const auto version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3)
    return refused(path, fmt::format("its version is {}, and 1 to 3 are known", version));
  const std::size_t length_bytes = version == 1 ? 2 : 4, begin = 8 + length_bytes;
  if (start.size() < begin) return refused(path, "it ends within the length of its header");
  const std::uint64_t length = little_endian(start.substr(8, length_bytes));
  if (length > kMostNpyHeaderBytes || start.size() < begin + length)
    return refused(path, fmt::format("it ends within its header of {} bytes", length));
  NpyHeader header;
  Parser parser(start.substr(begin, length), header);
  if (!parser.parse()) return refused(path, parser.problem());
  header.data_offset = begin + length;
  const auto expected = checked_bytes(header);
  if (!expected || *expected != num_bytes - header.data_offset)
    return refused(path, fmt::format("its header states {} bytes of elements, but {} follow",
                                     expected ? fmt::format("{}", *expected) : "too many",
                                     num_bytes - header.data_offset));
  return header;
}

Result<NpyHeader> read_npy_header(const std::filesystem::path& path) {
  const Result<InputFile> file = InputFile::open(path, Code::DataMissing);
  if (!file) return fail(file.error());
  std::string start(std::min<std::uint64_t>(file->num_bytes(), kMostNpyHeaderBytes + 12), '\0');
  const Result<std::size_t> got = file->read_at(0, std::as_writable_bytes(std::span(start)));
  if (!got) return fail(got.error());
  start.resize(*got);
  return parse_npy_header(start, file->num_bytes(), path);
}

std::string npy_header(SafetensorsDtype dtype, const std::vector<std::int64_t>& shape) {
  constexpr std::size_t kAlignment = 64, kPreamble = 10;
  const auto* element = std::find_if(std::begin(kTypes), std::end(kTypes),
                                     [&](const Named& one) { return one.dtype == dtype; });
  FDL_CHECK(element != std::end(kTypes));
  std::string sizes;
  for (const std::int64_t size : shape) sizes += fmt::format("{}, ", size);
  if (shape.size() > 1) sizes.resize(sizes.size() - 2);
  if (shape.size() == 1) sizes.resize(sizes.size() - 1);  // a tuple of one keeps its comma
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                 element->descr, sizes);
  while ((kPreamble + text.size() + 1) % kAlignment != 0) text += ' ';
  text += '\n';
  const std::string version("\x01\x00", 2);
  const std::string length = {static_cast<char>(text.size() & 0xff),
                              static_cast<char>(text.size() >> 8U)};
  return std::string(kMagic) + version + length + text;
}

}  // namespace fdl::format
