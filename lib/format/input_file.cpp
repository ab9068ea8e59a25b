#include "lib/format/input_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "lib/base/files.h"

namespace fdl::format {
namespace {

namespace fs = std::filesystem;

Failure cannot_read(const fs::path& path, std::string_view why) {
  return fail(error(Code::CannotRead, {}, "cannot read '{}': {}", path.string(), why));
}

}  // namespace

Result<InputFile> InputFile::open(const fs::path& path, Code missing) {
  // Without O_NONBLOCK, opening a pipe waits for somebody to write into it.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    return fail(error(missing, {}, "cannot read '{}': {}", path.string(), std::strerror(errno))
                    .help("check the path, and that the file is there"));
  }
  if (fd < 0) return fail(fdl::cannot_read(path, errno));
  InputFile file(fd, 0, path);
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail(fdl::cannot_read(path, errno));
  if (S_ISDIR(status.st_mode)) return cannot_read(path, "it is a folder");
  if (!S_ISREG(status.st_mode)) return cannot_read(path, "it is not a regular file");
  file.num_bytes_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

InputFile::InputFile(int fd, std::uint64_t num_bytes, fs::path path)
    : fd_(fd), num_bytes_(num_bytes), path_(std::move(path)) {}

InputFile::InputFile(InputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      num_bytes_(other.num_bytes_),
      path_(std::move(other.path_)) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(num_bytes_, other.num_bytes_);
  std::swap(path_, other.path_);
  return *this;
}

InputFile::~InputFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> InputFile::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t num_read = 0;
  while (num_read < out.size()) {
    const ssize_t got = ::pread(fd_, out.data() + num_read, out.size() - num_read,
                                static_cast<off_t>(offset + num_read));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(path_, std::strerror(errno));
    if (got == 0) break;
    num_read += static_cast<std::size_t>(got);
  }
  return num_read;
}

}  // namespace fdl::format
