#include "lib/archive/unpack.h"

#include <csignal>
#include <sys/resource.h>

#include <zlib.h>

#include "tests/libtorch/fixture.h"

using fdl::Code;
using fdl::Result;
using fdl::archive::Format;
using fdl::archive::unpack;
using fdl::archive::UnpackJob;
using fdl::testing::bytes_of;
using fdl::testing::check_fails;
using fdl::testing::TemporaryFolder;
using fdl::testing::words_of;
using fdl::testing::zip_bytes;
using fdl::testing::ZipEntry;

namespace fs = std::filesystem;

namespace {

// Unpacks an archive into `out`, in a folder of its own so that a way out of it would show.
struct Attempt {
  TemporaryFolder folder;
  fs::path out = folder.path() / "out";
  std::uint64_t limit_bytes = fdl::archive::kUnpackLimitBytes;
  std::uint64_t read_bytes = 0;

  Attempt() { fs::create_directory(out); }

  Result<void> bytes(const std::string& archive, Format format = Format::Zip) {
    UnpackJob job;
    job.format = format;
    if (format == Format::TarGz) job.damaged = Code::DataCorrupt;
    job.archive = folder.file("x.zip", archive);
    job.folder = out;
    job.place = [](std::string_view entry) { return std::string(entry); };
    job.progress = [&](std::uint64_t read) { read_bytes = read; };
    job.limit_bytes = limit_bytes;
    return unpack(job);
  }
  Result<void> entries(const std::vector<ZipEntry>& entries) { return bytes(zip_bytes(entries)); }

  // Nothing but the archive and the folder: no entry has found its way out.
  bool stayed_inside() const {
    const auto count = std::distance(fs::directory_iterator(folder.path()), {});
    return count == 2;
  }
};

void check_unsafe(const std::vector<ZipEntry>& entries, const std::string& part) {
  Attempt attempt;
  check_fails(attempt.entries(entries), Code::ArchiveUnsafe, part);
  CHECK(attempt.stayed_inside());
}

// A member of a tar archive: '0' is a file, '1' a hard link, '2' a link, '5' a folder.
struct TarEntry {
  std::string name, bytes;
  char type = '0';
  std::string target = {};
};

std::string octal(std::size_t number, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*zo", digits, number);
  return text;
}

// Source: POSIX.1-1988, ustar.
std::string tar_bytes(const std::vector<TarEntry>& entries) {
  constexpr std::size_t kBlock = 512;
  std::string out;
  for (const TarEntry& entry : entries) {
    std::string header(kBlock, '\0');
    const auto put = [&](std::size_t at, const std::string& text) {
      header.replace(at, text.size(), text);
    };
    put(0, entry.name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, octal(entry.bytes.size(), 11));
    put(136, "00000000000");
    put(148, "        ");
    header[156] = entry.type;
    put(157, entry.target);
    put(257, std::string("ustar\0"
                         "00",
                         8));
    std::size_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6));
    header[154] = '\0';
    out += header + entry.bytes;
    out.resize((out.size() + kBlock - 1) / kBlock * kBlock, '\0');
  }
  return out + std::string(2 * kBlock, '\0');
}

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  REQUIRE(::deflateInit2(&stream, 6, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(::deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("stored and deflated files arrive whole, with their folders and permissions") {
  Attempt attempt;
  const std::string large(3'000'000, 'x');
  REQUIRE(attempt
              .entries({{.name = "a/", .mode = 040755},
                        {.name = "a/b/stored", .bytes = "one"},
                        {.name = "deflated", .bytes = large, .deflated = true},
                        {.name = "program", .bytes = "two", .mode = 0100755},
                        {.name = "empty"}})
              .has_value());
  CHECK(bytes_of(attempt.out / "a/b/stored") == "one");
  CHECK(bytes_of(attempt.out / "deflated") == large);
  CHECK(bytes_of(attempt.out / "empty") == "");
  CHECK((fs::status(attempt.out / "program").permissions() & fs::perms::owner_exec) !=
        fs::perms::none);
  CHECK((fs::status(attempt.out / "deflated").permissions() & fs::perms::owner_exec) ==
        fs::perms::none);
  CHECK(attempt.read_bytes > 0);
  CHECK(attempt.read_bytes <= fs::file_size(attempt.folder.path() / "x.zip"));
}

TEST_CASE("only what has a place is written") {
  Attempt attempt;
  UnpackJob job;
  job.archive = attempt.folder.file(
      "x.zip", zip_bytes({{.name = "keep", .bytes = "1"}, {.name = "drop", .bytes = "2"}}));
  job.folder = attempt.out;
  job.place = [](std::string_view entry) { return entry == "keep" ? "deep/er" : ""; };
  REQUIRE(unpack(job).has_value());
  CHECK(bytes_of(attempt.out / "deep/er") == "1");
  CHECK_FALSE(fs::exists(attempt.out / "drop"));
}

TEST_CASE("an entry that leads out of the folder is refused by name") {
  check_unsafe({{.name = "/tmp/fdl-evil", .bytes = "x"}},
               "entry '/tmp/fdl-evil' of 'x.zip' has an");
  check_unsafe({{.name = "../evil", .bytes = "x"}}, "entry '../evil' of 'x.zip' leads out");
  check_unsafe({{.name = "a/../../evil", .bytes = "x"}}, "entry 'a/../../evil'");
  check_unsafe({{.name = "a/..", .bytes = "x"}}, "'..'");
  check_unsafe({{.name = "good", .bytes = "x"}, {.name = "../evil/", .mode = 040755}},
               "'../evil/'");
  check_unsafe({{.name = "..\\evil", .bytes = "x"}}, "evil");
}

TEST_CASE("a link is refused, wherever it leads") {
  check_unsafe({{.name = "link", .bytes = "../../etc/passwd", .mode = 0120777}},
               "entry 'link' of 'x.zip' is a link");
  check_unsafe(
      {{.name = "link", .bytes = "/etc", .mode = 0120777}, {.name = "link/evil", .bytes = "x"}},
      "entry 'link' of 'x.zip' is a link");
}

// A pipe is none of them: libarchive reads it as a file, since an old zip program wrote files so.
TEST_CASE("devices and sockets are refused") {
  for (const std::uint32_t type : {0020000u, 0060000u, 0140000u}) {
    CAPTURE(type);
    check_unsafe({{.name = "null", .mode = type | 0666}}, "entry 'null' of 'x.zip' is neither");
  }
}

TEST_CASE("a name that is there twice is refused") {
  check_unsafe({{.name = "a", .bytes = "1"}, {.name = "a", .bytes = "2"}}, "is there twice");
}

TEST_CASE("an archive may not unpack to more than the limit, and is refused before it does") {
  Attempt attempt;
  attempt.limit_bytes = 1000;
  const std::string half(500, 'x');
  CHECK(attempt.entries({{.name = "a", .bytes = half}, {.name = "b", .bytes = half}}).has_value());
  Attempt other;
  other.limit_bytes = 1000;
  check_fails(other.entries({{.name = "a", .bytes = half},
                             {.name = "b", .bytes = half + "x", .deflated = true}}),
              Code::ArchiveUnsafe,
              "entry 'b' of 'x.zip' makes the archive unpack to more than 1000");
  CHECK_FALSE(fs::exists(other.out / "b"));
}

TEST_CASE("an entry larger than it declares is refused or called damaged, and never written") {
  Attempt attempt;
  const std::string zeros(5'000'000, '\0');
  const auto outcome =
      attempt.entries({{.name = "bomb", .bytes = zeros, .deflated = true, .declared_bytes = 1000}});
  const std::string words = words_of(outcome);
  CAPTURE(words);
  CHECK((outcome.error().code == Code::ArchiveUnsafe ||
         outcome.error().code == Code::LibtorchSource));
  CHECK(words.find("bomb") != std::string::npos);
  CHECK(fs::file_size(attempt.out / "bomb") <= 1000);
}

TEST_CASE("control characters of a name do not reach the terminal") {
  Attempt attempt;
  const auto outcome = attempt.entries({{.name = "../\x1b[31mred\n", .bytes = "x"}});
  CHECK(words_of(outcome).find('\x1b') == std::string::npos);
  check_fails(outcome, Code::ArchiveUnsafe, "'../?[31mred?'");
}

TEST_CASE("a wrong checksum is noticed") {
  for (const bool deflated : {false, true}) {
    Attempt attempt;
    check_fails(attempt.entries({{.name = "a",
                                  .bytes = std::string(100, 'x'),
                                  .deflated = deflated,
                                  .wrong_checksum = true}}),
                Code::LibtorchSource, "is damaged at entry 'a'");
  }
}

TEST_CASE("an archive that is cut anywhere is called damaged") {
  const std::string whole = zip_bytes(
      {{.name = "a/b", .bytes = "one"}, {.name = "c", .bytes = "two three", .deflated = true}});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    Attempt attempt;
    check_fails(attempt.bytes(whole.substr(0, length)), Code::LibtorchSource, "is damaged");
  }
}

TEST_CASE("no changed byte makes an archive write outside its folder") {
  const std::string whole = zip_bytes(
      {{.name = "a/b", .bytes = "one"}, {.name = "c", .bytes = "two three", .deflated = true}});
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : {'\0', '/', '.', '\xff'}) {
      CAPTURE(at);
      std::string changed = whole;
      changed[at] = byte;
      Attempt attempt;
      const auto outcome = attempt.bytes(changed);
      CHECK(attempt.stayed_inside());
      if (outcome) continue;
      const Code code = outcome.error().code;
      CHECK((code == Code::ArchiveUnsafe || code == Code::LibtorchSource));
    }
  }
}

TEST_CASE("a file that cannot be written is the disk's fault, with the system's reason") {
  rlimit former{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &former) == 0);
  Attempt attempt;
  const std::string archive =
      zip_bytes({{.name = "large", .bytes = std::string(100'000, 'x'), .deflated = true}});
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{20'000, former.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto outcome = attempt.bytes(archive);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &former) == 0);
  std::signal(SIGXFSZ, handler);
  check_fails(outcome, Code::CannotWrite, "File too large");
}

TEST_CASE("what is no zip file, or not there, is called damaged") {
  Attempt attempt;
  check_fails(attempt.bytes("hello"), Code::LibtorchSource, "is damaged");
  check_fails(attempt.bytes(""), Code::LibtorchSource, "is damaged");
  UnpackJob job;
  job.archive = attempt.folder.path() / "none.zip";
  job.folder = attempt.out;
  check_fails(unpack(job), Code::LibtorchSource, "none.zip");
}

TEST_CASE("files of a tar.gz arrive whole") {
  Attempt attempt;
  const std::string large(2'000'000, 'y');
  REQUIRE(attempt
              .bytes(gzip(tar_bytes({{"a/", "", '5'}, {"a/one", "1"}, {"large", large}})),
                     Format::TarGz)
              .has_value());
  CHECK(bytes_of(attempt.out / "a/one") == "1");
  CHECK(bytes_of(attempt.out / "large") == large);
}

TEST_CASE("a tar.gz may not lead out of its folder, link, or grow beyond the limit") {
  const auto refused = [](const std::vector<TarEntry>& entries, const std::string& part) {
    Attempt attempt;
    attempt.limit_bytes = 1000;
    check_fails(attempt.bytes(gzip(tar_bytes(entries)), Format::TarGz), Code::ArchiveUnsafe, part);
    CHECK(attempt.stayed_inside());
  };
  refused({{"../out", "x"}}, "leads out of its folder");
  refused({{"a/../../out", "x"}}, "leads out of its folder");
  refused({{"/tmp/out", "x"}}, "absolute path");
  refused({{"link", "", '2', "/etc/passwd"}}, "is a link");
  refused({{"a", "x"}, {"b", "", '1', "a"}}, "is a link");
  refused({{"fifo", "", '6'}}, "neither a file nor a folder");
  refused({{"a", "x"}, {"a", "y"}}, "twice");
  refused({{"a", std::string(1001, 'x')}}, "more than 1000 bytes");
}

TEST_CASE("a tar.gz that is cut off anywhere is called damaged") {
  const std::string whole = gzip(tar_bytes({{"a", std::string(100'000, 'x')}, {"b", "end"}}));
  for (std::size_t size = 1; size + 60 < whole.size(); size += 7) {
    Attempt attempt;
    const Result<void> done = attempt.bytes(whole.substr(0, size), Format::TarGz);
    REQUIRE(!done.has_value());
    CHECK(done.error().code == Code::DataCorrupt);
  }
}
