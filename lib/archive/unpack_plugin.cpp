#include "lib/archive/unpack_plugin.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <archive.h>
#include <archive_entry.h>

namespace fdl::archive {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

struct FreeArchive {
  void operator()(::archive* handle) const { ::archive_read_free(handle); }
};

// A backslash separates too: archives made elsewhere use it, and no honest entry holds one.
bool has_parent_segment(std::string_view path) {
  while (true) {
    const std::size_t end = path.find_first_of("/\\");
    if (path.substr(0, end) == "..") return true;
    if (end == std::string_view::npos) return false;
    path.remove_prefix(end + 1);
  }
}

class Unpacker {
 public:
  Unpacker(const UnpackRequest& request, UnpackProblem& problem)
      : request_(request), problem_(problem), handle_(::archive_read_new()), block_(kBlockBytes) {
    problem_ = {};
  }

  UnpackOutcome run() {
    if (request_.is_tar_gz != 0) {
      ::archive_read_support_format_tar(handle_.get());
      ::archive_read_support_filter_gzip(handle_.get());
    } else {
      // Only the reader that starts from the central directory: it knows each entry's size, and a
      // file that was cut short has no such directory.
      ::archive_read_support_format_zip_seekable(handle_.get());
    }
    if (::archive_read_open_filename(handle_.get(), request_.archive, kBlockBytes) != ARCHIVE_OK)
      return damaged();
    while (true) {
      archive_entry* entry = nullptr;
      const int got = ::archive_read_next_header(handle_.get(), &entry);
      if (got == ARCHIVE_EOF) return UnpackOutcome::Done;
      problem_.entry[0] = '\0';
      if (got < ARCHIVE_WARN) return damaged();
      const UnpackOutcome outcome = unpack_entry(entry);
      if (outcome != UnpackOutcome::Done) return outcome;
    }
  }

 private:
  UnpackOutcome refuse(const std::string& reason) {
    std::snprintf(problem_.reason, sizeof problem_.reason, "%s", reason.c_str());
    return UnpackOutcome::Unsafe;
  }

  UnpackOutcome damaged() {
    const char* words = ::archive_error_string(handle_.get());
    std::snprintf(problem_.reason, sizeof problem_.reason, "%s",
                  words != nullptr ? words : "it ends too early");
    return UnpackOutcome::Damaged;
  }

  UnpackOutcome cannot_write(const fs::path& path, int code) {
    std::snprintf(problem_.entry, sizeof problem_.entry, "%s", path.c_str());
    problem_.system_error = code;
    return UnpackOutcome::CannotWrite;
  }

  UnpackOutcome unpack_entry(::archive_entry* entry) {
    const char* name = ::archive_entry_pathname(entry);
    if (name == nullptr) name = "";
    std::snprintf(problem_.entry, sizeof problem_.entry, "%s", name);
    const UnpackOutcome outcome = check(entry, name);
    if (outcome != UnpackOutcome::Done || ::archive_entry_filetype(entry) == AE_IFDIR)
      return outcome;
    const char* place = request_.place(request_.context, name);
    if (place == nullptr) return UnpackOutcome::Done;
    return write_entry(entry, fs::path(request_.folder) / place);
  }

  UnpackOutcome check(::archive_entry* entry, std::string_view name) {
    if (name.empty()) return refuse("has no readable name");
    if (name.front() == '/' || name.front() == '\\') return refuse("has an absolute path");
    if (has_parent_segment(name)) return refuse("leads out of its folder through '..'");
    const char* target = ::archive_entry_symlink(entry);
    if (target == nullptr) target = ::archive_entry_hardlink(entry);
    if (target != nullptr) return refuse("is a link to '" + std::string(target) + "'");
    const auto type = ::archive_entry_filetype(entry);
    if (type == AE_IFLNK) return refuse("is a link");
    if (type != AE_IFREG && type != AE_IFDIR) return refuse("is neither a file nor a folder");
    return check_size(entry);
  }

  UnpackOutcome check_size(::archive_entry* entry) {
    const std::int64_t declared = ::archive_entry_size(entry);
    if (::archive_entry_size_is_set(entry) == 0 || declared < 0)
      return refuse("does not say how large it is");
    if (static_cast<std::uint64_t>(declared) > request_.limit_bytes - declared_bytes_)
      return refuse("makes the archive unpack to more than " +
                    std::to_string(request_.limit_bytes) + " bytes");
    declared_bytes_ += static_cast<std::uint64_t>(declared);
    return UnpackOutcome::Done;
  }

  UnpackOutcome write_entry(::archive_entry* entry, const fs::path& path) {
    std::error_code code;
    fs::create_directories(path.parent_path(), code);
    if (code) return cannot_write(path.parent_path(), code.value());
    const int mode = (::archive_entry_perm(entry) & 0111) != 0 ? 0755 : 0644;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0 && errno == EEXIST) return refuse("is there twice");
    if (fd < 0) return cannot_write(path, errno);
    const UnpackOutcome outcome =
        copy_bytes(fd, path, static_cast<std::uint64_t>(::archive_entry_size(entry)));
    // Some file systems report a full disk only here.
    if (::close(fd) != 0 && outcome == UnpackOutcome::Done) return cannot_write(path, errno);
    return outcome;
  }

  UnpackOutcome copy_bytes(int fd, const fs::path& path, std::uint64_t declared) {
    std::uint64_t written = 0;
    while (true) {
      const auto got = ::archive_read_data(handle_.get(), block_.data(), block_.size());
      if (got < 0) return damaged();
      if (got == 0) break;
      const auto num_bytes = static_cast<std::size_t>(got);
      if (num_bytes > declared - written) return refuse("is larger than the archive declares");
      if (const int code = write_all(fd, num_bytes); code != 0) return cannot_write(path, code);
      written += num_bytes;
      const auto read_bytes = ::archive_filter_bytes(handle_.get(), -1);
      if (read_bytes > 0)
        request_.progress(request_.context, static_cast<std::uint64_t>(read_bytes));
    }
    return written == declared ? UnpackOutcome::Done : damaged();
  }

  // 0, or errno.
  int write_all(int fd, std::size_t num_bytes) {
    const char* next = block_.data();
    while (num_bytes > 0) {
      const ssize_t written = ::write(fd, next, num_bytes);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      next += written;
      num_bytes -= static_cast<std::size_t>(written);
    }
    return 0;
  }

  const UnpackRequest& request_;
  UnpackProblem& problem_;
  std::unique_ptr<::archive, FreeArchive> handle_;
  std::vector<char> block_;
  std::uint64_t declared_bytes_ = 0;
};

}  // namespace
}  // namespace fdl::archive

fdl::archive::UnpackOutcome fdl_unpack(const fdl::archive::UnpackRequest* request,
                                       fdl::archive::UnpackProblem* problem) noexcept {
  return fdl::archive::Unpacker(*request, *problem).run();
}
