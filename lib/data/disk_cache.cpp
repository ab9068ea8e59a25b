// Samples in a file. It begins with kMagic; then the rows; then, as little-endian u64, where each
// row begins and where the last one ends, the CRC-32 of each row, and the CRC-32 of these numbers.
// All that is read is held to these: a file that is not what was written is never used.
#include <algorithm>
#include <cstring>
#include <thread>

#include <zlib.h>

#include "lib/base/files.h"
#include "lib/data/cached_rows.h"
#include "lib/format/input_file.h"

namespace fdl::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "fdl samples 2\n\n\n";
static_assert(kMagic.size() == 16);

using Row = std::vector<std::byte>;
using Numbers = std::vector<std::uint64_t>;

std::uint64_t checksum(std::span<const std::byte> bytes) {
  return ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

// What stands behind the rows.
struct Index {
  Numbers offsets = {kMagic.size()};
  Numbers checksums;

  void add(const Row& row) {
    offsets.push_back(offsets.back() + row.size());
    checksums.push_back(checksum(row));
  }
  Numbers words() const {
    Numbers out = offsets;
    out.insert(out.end(), checksums.begin(), checksums.end());
    out.push_back(checksum(std::as_bytes(std::span(out))));
    return out;
  }
};

// Nothing when the file is not that of so many rows.
std::optional<Index> read_index(const format::InputFile& file, std::size_t num_rows) {
  const std::size_t num_words = 2 * num_rows + 2;
  const std::uint64_t index_bytes = num_words * sizeof(std::uint64_t);
  if (file.num_bytes() < kMagic.size() + index_bytes) return std::nullopt;
  std::string magic(kMagic.size(), '\0');
  const auto got = file.read_at(0, std::as_writable_bytes(std::span(magic)));
  if (!got || magic != kMagic) return std::nullopt;
  Numbers words(num_words);
  const auto bytes = std::as_writable_bytes(std::span(words));
  const auto read = file.read_at(file.num_bytes() - index_bytes, bytes);
  if (!read || *read != bytes.size()) return std::nullopt;
  if (words.back() != checksum(bytes.first(bytes.size() - sizeof(std::uint64_t))))
    return std::nullopt;
  Index out;
  const auto middle = words.begin() + static_cast<std::ptrdiff_t>(num_rows) + 1;
  out.offsets.assign(words.begin(), middle);
  out.checksums.assign(middle, words.end() - 1);
  const bool is_whole = std::is_sorted(out.offsets.begin(), out.offsets.end()) &&
                        out.offsets.front() == kMagic.size() &&
                        out.offsets.back() == file.num_bytes() - index_bytes;
  return is_whole ? std::optional(std::move(out)) : std::nullopt;
}

class DiskCache : public Source {
 public:
  DiskCache(Kept kept, Places places, format::InputFile file, Index index)
      : Source(packed_layout(kept)),
        kept_(std::move(kept)),
        places_(std::move(places)),
        file_(std::move(file)),
        index_(std::move(index)) {}

  std::int64_t num_samples() const override { return kept_.source->num_samples(); }
  Result<void> read(std::int64_t row, Scratch& scratch, std::span<SampleView> out) const override {
    if (const auto place = places_.find(row)) {
      if (read_kept(*place, scratch.front()) && unpack(layout(), scratch.front(), out)) return {};
      std::error_code ignored;
      fs::remove(file_.path(), ignored);  // the next run writes it anew
    }
    Result<Row> made = packed(kept_, row);
    if (!made) return fail(made.error());
    scratch.front() = *std::move(made);
    unpack(layout(), scratch.front(), out);
    return {};
  }

 private:
  bool read_kept(std::size_t place, Row& out) const {
    out.resize(index_.offsets[place + 1] - index_.offsets[place]);
    const Result<std::size_t> got = file_.read_at(index_.offsets[place], out);
    return got && *got == out.size() && checksum(out) == index_.checksums[place];
  }

  Kept kept_;
  Places places_;
  format::InputFile file_;
  Index index_;
};

// So many rows from one on, made by several threads.
std::vector<Result<Row>> make_rows(const Kept& kept, std::span<const std::int64_t> rows,
                                   std::size_t num_threads) {
  std::vector<Result<Row>> out(rows.size());
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < num_threads; ++first) {
    threads.emplace_back([&, first] {
      for (std::size_t i = first; i < rows.size(); i += num_threads) out[i] = packed(kept, rows[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return out;
}

Result<void> write_file(const Kept& kept, std::span<const std::int64_t> rows, const fs::path& path,
                        std::size_t num_threads) {
  return write_atomic(path, [&](FileWriter& writer) -> Result<void> {
    constexpr std::size_t kRowsOfThread = 64;
    FDL_TRY(writer.write(kMagic.data(), kMagic.size()));
    Index index;
    for (std::size_t at = 0; at < rows.size(); at += num_threads * kRowsOfThread) {
      const std::size_t count = std::min(num_threads * kRowsOfThread, rows.size() - at);
      for (const Result<Row>& row : make_rows(kept, rows.subspan(at, count), num_threads)) {
        if (!row) return fail(row.error());
        index.add(*row);
        FDL_TRY(writer.write(row->data(), row->size()));
      }
    }
    const Numbers words = index.words();
    return writer.write(words.data(), words.size() * sizeof(std::uint64_t));
  });
}

}  // namespace

Result<std::shared_ptr<const Source>> cached_on_disk(Kept kept, const fs::path& file,
                                                     std::int64_t num_threads) {
  Places places(kept.rows);
  for (const bool is_first : {true, false}) {
    Result<format::InputFile> opened = format::InputFile::open(file);
    std::optional<Index> index;
    if (opened) index = read_index(*opened, places.rows().size());
    if (index)
      return std::make_shared<DiskCache>(std::move(kept), std::move(places), *std::move(opened),
                                         *std::move(index));
    if (!is_first) break;
    FDL_TRY(make_folders(file.parent_path()));
    FDL_TRY(write_file(kept, places.rows(), file,
                       static_cast<std::size_t>(std::max<std::int64_t>(1, num_threads))));
  }
  return fail(
      error(Code::CannotWrite, {}, "the cache '{}' is not what was written there", file.string())
          .help("look at the disk, or set data.loader.cache: none"));
}

}  // namespace fdl::data
