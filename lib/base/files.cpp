#include "lib/base/files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace fdl {
namespace {

namespace fs = std::filesystem;

Diagnostic cannot_read(const fs::path& path, std::string_view why) {
  return error(Code::CannotRead, {}, "cannot read '{}': {}", path.string(), why);
}

// Owns a file descriptor.
class Descriptor : public FileWriter {
 public:
  Descriptor(int fd, fs::path path) : fd_(fd), path_(std::move(path)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() override {
    if (fd_ >= 0) ::close(fd_);
  }
  bool is_open() const { return fd_ >= 0; }

  Result<void> write(const void* bytes, std::size_t num_bytes) override {
    const char* next = static_cast<const char*>(bytes);
    while (num_bytes > 0) {
      const ssize_t written = ::write(fd_, next, num_bytes);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail(cannot_write(path_, errno));
      next += written;
      num_bytes -= static_cast<std::size_t>(written);
    }
    return {};
  }

  Result<void> sync_and_close() {
    const bool synced = ::fsync(fd_) == 0;
    const int code = errno;
    const bool closed = ::close(std::exchange(fd_, -1)) == 0;
    if (!synced) return fail(cannot_write(path_, code));
    if (!closed) return fail(cannot_write(path_, errno));
    return {};
  }

 private:
  int fd_;
  fs::path path_;
};

}  // namespace

Diagnostic cannot_read(const fs::path& path, int error_number) {
  Diagnostic d = cannot_read(path, std::string_view(std::strerror(error_number)));
  if (error_number == EACCES || error_number == EPERM)
    return std::move(d).help("give your user the right to read it, or name another");
  return d;
}

Diagnostic cannot_write(const fs::path& path, int error_number) {
  Diagnostic d = error(Code::CannotWrite, {}, "cannot write '{}': {}", path.string(),
                       std::strerror(error_number));
  if (error_number == ENOSPC || error_number == EDQUOT)
    return std::move(d).help("free some space and try again");
  if (error_number == EFBIG)
    return std::move(d).help(
        "`ulimit -f` or the file system allows no file as large; raise the limit");
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS)
    return std::move(d).help("check the permissions of the folder, or choose another");
  return d;
}

Result<std::string> read_file(const fs::path& path, std::uint64_t limit_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(cannot_read(path, errno));
  const Descriptor owner(fd, path);
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail(cannot_read(path, errno));
  if (S_ISDIR(status.st_mode)) return fail(cannot_read(path, "it is a folder"));
  std::string out;
  if (S_ISREG(status.st_mode)) out.reserve(static_cast<std::size_t>(status.st_size));
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(cannot_read(path, errno));
    if (got == 0) return out;
    out.append(buffer, static_cast<std::size_t>(got));
    if (out.size() > limit_bytes)
      return fail(cannot_read(path, fmt::format("it is longer than {} bytes", limit_bytes)));
  }
}

Result<void> write_atomic(const fs::path& path, std::string_view bytes) {
  return write_atomic(path, [&](FileWriter& out) { return out.write(bytes.data(), bytes.size()); });
}

Result<void> write_atomic(const fs::path& path,
                          const std::function<Result<void>(FileWriter&)>& produce) {
  // Of the thread, as several may write one file.
  const fs::path temporary = path.string() + ".tmp-" + std::to_string(::gettid());
  const auto attempt = [&]() -> Result<void> {
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644),
                    path);
    if (!file.is_open()) return fail(cannot_write(path, errno));
    FDL_TRY(produce(file));
    FDL_TRY(file.sync_and_close());
    if (::rename(temporary.c_str(), path.c_str()) != 0) return fail(cannot_write(path, errno));
    return sync_folder(path.parent_path().empty() ? fs::path(".") : path.parent_path());
  };
  Result<void> outcome = attempt();
  if (!outcome) ::unlink(temporary.c_str());
  return outcome;
}

Result<void> sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail(cannot_write(folder, errno));
  const Descriptor owner(fd, folder);
  // Some file systems refuse fsync on folders; they have nothing to flush there.
  if (::fsync(fd) != 0 && errno != EINVAL) return fail(cannot_write(folder, errno));
  return {};
}

Result<void> make_folders(const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return fail(cannot_write(folder, code.value()));
  return {};
}

}  // namespace fdl
