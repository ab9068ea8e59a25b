#include "lib/fetch/fetch.h"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

#include "lib/archive/unpack.h"
#include "lib/base/files.h"
#include "lib/base/sha256.h"
#include "lib/base/watched_process.h"
#include "lib/format/byte_stream.h"

namespace fdl::fetch {
namespace {

namespace fs = std::filesystem;

// What one file must be: an archive as it is, another without the gzip around it.
struct Wanted {
  std::string remote;  // its name at a mirror
  std::uint64_t num_bytes = 0;
  std::string sha256;
  bool is_archive = false;
};

std::uint64_t size_of(const fs::path& path) {
  std::error_code code;
  const std::uint64_t size = fs::file_size(path, code);
  return code ? 0 : size;
}

bool is_there(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

// Empty when the content is what it must be, else what is wrong with it. Reads no further than one
// byte beyond the wanted length, whatever a gzip stream says.
Result<std::string> difference(const fs::path& path, const Wanted& wanted) {
  if (wanted.is_archive) {
    const Result<std::string> sha256 = sha256_file(path);
    if (!sha256) return fail(sha256.error());
    return *sha256 == wanted.sha256 ? "" : "its SHA-256 is " + *sha256;
  }
  Result<format::ByteStream> stream = format::ByteStream::open(path);
  if (!stream) return fail(stream.error());
  Sha256 sum;
  std::vector<std::uint8_t> block(std::size_t{256} << 10);
  while (stream->position() <= wanted.num_bytes) {
    const Result<std::size_t> got = stream->read(block);
    if (!got) return fail(got.error());
    sum.update(block.data(), *got);
    if (*got < block.size()) break;
  }
  if (stream->position() != wanted.num_bytes)
    return fmt::format("its content has {} {} bytes",
                       stream->position() > wanted.num_bytes ? "more than" : "only",
                       std::min(stream->position(), wanted.num_bytes));
  const std::string sha256 = sum.hex();
  return sha256 == wanted.sha256 ? "" : "the SHA-256 of its content is " + sha256;
}

Diagnostic wrong_hash(const std::string& what, const Wanted& wanted, const std::string& why) {
  return error(Code::DataHash, {}, "'{}' is not the pinned file: {}", what, why)
      .note("the pinned SHA-256 is {}", wanted.sha256)
      .help("it is damaged or another one; take it from a source you trust");
}

Result<void> rename_file(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::rename(from, to, code);
  if (!code) return {};
  return fail(error(Code::CannotWrite, {}, "cannot write '{}': {}", to.string(), code.message()));
}

class Fetcher {
 public:
  explicit Fetcher(const FetchRequest& request) : request_(request), set_(*request.set) {}

  Result<FetchReport> run() {
    FDL_TRY(make_folders(request_.folder));
    if (set_.archive) {
      FDL_TRY(take_archive(*set_.archive));
    } else {
      for (const KnownFile& file : set_.files) FDL_TRY(take_file(file));
    }
    if (!report_.written.empty()) FDL_TRY(sync_folder(request_.folder));
    return report_;
  }

 private:
  void tell(FetchStep step, const std::string& file, std::uint64_t done = 0) const {
    if (request_.progress) request_.progress({step, file, done});
  }

  Result<void> take_file(const KnownFile& file) {
    const Wanted wanted{file.name + (set_.packed ? ".gz" : ""), file.num_bytes, file.sha256, false};
    if (const auto there = find_file(request_.folder, file.name)) {
      tell(FetchStep::Checking, there->filename().string());
      const Result<std::string> why = difference(*there, wanted);
      if (why && why->empty()) return {};
    }
    std::string name = wanted.remote;
    Result<fs::path> part = request_.from.empty() ? download(wanted) : copy(file.name, wanted);
    if (!part) return fail(part.error());
    if (!request_.from.empty()) {
      const Result<format::ByteStream> packed = format::ByteStream::open(*part);
      if (packed) name = file.name + (packed->is_gzip() ? ".gz" : "");
    }
    return put(*part, request_.folder / name);
  }

  Result<void> take_archive(const KnownArchive& archive) {
    const bool has_all =
        std::all_of(set_.files.begin(), set_.files.end(), [&](const KnownFile& file) {
          return size_of(request_.folder / file.name) == file.num_bytes;
        });
    if (has_all) return {};
    const Wanted wanted{archive.name, archive.num_bytes, archive.sha256, true};
    const Result<fs::path> part =
        request_.from.empty() ? download(wanted) : copy(archive.name, wanted);
    if (!part) return fail(part.error());
    FDL_TRY(unpack(*part));
    std::error_code ignored;
    fs::remove(*part, ignored);
    return {};
  }

  // Only the files of the set, in a folder of their own first.
  Result<void> unpack(const fs::path& path) {
    const fs::path staging = request_.folder / (".unpack-" + std::to_string(::getpid()));
    FDL_TRY(make_folders(staging));
    archive::UnpackJob job;
    job.archive = path;
    job.folder = staging;
    job.format = archive::Format::TarGz;
    job.damaged = Code::DataCorrupt;
    job.limit_bytes = std::uint64_t{1} << 30;
    job.place = [&](std::string_view entry) {
      const std::string name = fs::path(entry).filename().string();
      const bool is_wanted = std::any_of(set_.files.begin(), set_.files.end(),
                                         [&](const KnownFile& file) { return file.name == name; });
      return is_wanted ? name : "";
    };
    job.progress = [&](std::uint64_t done) {
      tell(FetchStep::Unpacking, path.filename().string(), done);
    };
    Result<void> done = archive::unpack(job);
    for (const KnownFile& file : set_.files) {
      if (!done) break;
      if (size_of(staging / file.name) != file.num_bytes) {
        done = fail(error(Code::DataCorrupt, {}, "'{}' holds no '{}' of {} bytes", path.string(),
                          file.name, file.num_bytes));
      } else {
        done = put(staging / file.name, request_.folder / file.name);
      }
    }
    std::error_code ignored;
    fs::remove_all(staging, ignored);
    return done;
  }

  Result<void> put(const fs::path& part, const fs::path& path) {
    FDL_TRY(rename_file(part, path));
    report_.written.push_back(path);
    return {};
  }

  fs::path part_of(const Wanted& wanted) const {
    return request_.folder / ("." + wanted.remote + ".part");
  }

  // From what is here already, into a part that is checked.
  Result<fs::path> copy(const std::string& name, const Wanted& wanted) {
    std::error_code code;
    const bool is_folder = fs::is_directory(request_.from, code);
    const auto found = is_folder ? find_file(request_.from, name) : std::optional(request_.from);
    if (!found || !is_there(*found)) {
      return fail(error(Code::DataMissing, {}, "there is no '{}' in '{}'", wanted.remote,
                        request_.from.string())
                      .help("`--from` takes a folder that has {}", wanted.remote));
    }
    const fs::path part = part_of(wanted);
    tell(FetchStep::Checking, found->filename().string());
    const Result<std::string> why = difference(*found, wanted);
    if (!why) return fail(why.error());
    if (!why->empty()) return fail(wrong_hash(found->string(), wanted, *why));
    fs::copy_file(*found, part, fs::copy_options::overwrite_existing, code);
    if (!code) return part;
    return fail(
        error(Code::CannotWrite, {}, "cannot write '{}': {}", part.string(), code.message()));
  }

  // From the first mirror that has it, going on with what an earlier try left.
  Result<fs::path> download(const Wanted& wanted) {
    Diagnostic failure = error(Code::DataDownload, {}, "cannot download '{}'", wanted.remote)
                             .help(
                                 "check the network; or fetch it elsewhere and run `fdl data "
                                 "fetch {} --from FOLDER`",
                                 set_.name);
    const fs::path part = part_of(wanted);
    if (is_there(part)) {
      const Result<std::string> why = difference(part, wanted);
      if (why && why->empty()) return part;
    }
    for (const std::string& mirror : request_.mirrors.empty() ? set_.mirrors : request_.mirrors) {
      const std::string url = mirror + (mirror.ends_with('/') ? "" : "/") + wanted.remote;
      Result<std::string> said = download_from(url, part, wanted);
      if (!said) return fail(said.error());
      if (said->empty()) return part;
      failure.notes.push_back({url + ": " + *said, {}});
    }
    return fail(std::move(failure));
  }

  // Empty when the part is what it must be; else why not. A part that was begun elsewhere may not
  // go on from here: it is tried once more from its start.
  Result<std::string> download_from(const std::string& url, const fs::path& part,
                                    const Wanted& wanted) {
    std::string said;
    for (const bool is_first : {true, false}) {
      const bool goes_on = is_there(part);
      const Result<std::string> problem = curl(url, part, wanted.remote);
      if (!problem) return fail(problem.error());
      said = *problem;
      if (said.empty()) {
        tell(FetchStep::Checking, wanted.remote);
        const Result<std::string> why = difference(part, wanted);
        said = why ? *why : why.error().message;
        if (said.empty()) return said;
        std::error_code ignored;
        fs::remove(part, ignored);
      } else if (goes_on && is_first) {
        continue;  // a server that cannot go on: curl has been told to begin anew
      }
      if (!goes_on) break;
    }
    return said;
  }

  // What curl said when it failed.
  Result<std::string> curl(const std::string& url, const fs::path& part, const std::string& name) {
    ProcessSpec command;
    command.program = "curl";
    command.arguments = {"--fail",
                         "--location",
                         "--silent",
                         "--show-error",
                         "--connect-timeout",
                         "30",
                         "--retry",
                         "2",
                         "--speed-limit",
                         "1000",
                         "--speed-time",
                         "60",
                         "--continue-at",
                         "-",
                         "--proto",
                         "=http,https,file",
                         "--output",
                         part.string(),
                         "--",
                         url};
    command.dies_with_parent = true;
    const auto tick = [&] { tell(FetchStep::Downloading, name, size_of(part)); };
    tick();
    const Result<Captured> run = run_watched(command, tick);
    if (!run) {
      return fail(
          error(Code::DataDownload, {}, "cannot download '{}': {}", name, run.error().message)
              .help("apt-get install curl; or fetch it elsewhere and run `fdl data fetch {} "
                    "--from FOLDER`",
                    set_.name));
    }
    if (run->status.ok()) return std::string();
    const std::vector<std::string> lines = last_lines(run->output);
    // The server has no more than the part, or cannot begin in the middle.
    constexpr int kCannotGoOn = 33;
    const bool is_refused = !lines.empty() && lines.back().find(" 416") != std::string::npos;
    std::error_code ignored;
    if (run->status.code == kCannotGoOn || is_refused) fs::remove(part, ignored);
    return lines.empty() ? fmt::format("curl ended with code {}", run->status.shell_code())
                         : lines.back();
  }

  const FetchRequest& request_;
  const KnownSet& set_;
  FetchReport report_;
};

}  // namespace

Result<FetchReport> fetch(const FetchRequest& request) { return Fetcher(request).run(); }

}  // namespace fdl::fetch
