// Open file description locks (fcntl, F_OFD_*): unlike flock they can be asked about without being
// taken, and unlike the locks of POSIX they are not lost when another descriptor is closed.
#include "lib/base/file_lock.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

#include "lib/base/files.h"

namespace fdl {
namespace {

struct flock whole_file() {
  struct flock out {};
  out.l_type = F_WRLCK;
  out.l_whence = SEEK_SET;
  return out;
}

}  // namespace

Result<std::optional<FileLock>> FileLock::try_take(const std::filesystem::path& file) {
  FileLock out(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (out.fd_ < 0) return fail(cannot_write(file, errno));
  struct flock wanted = whole_file();
  if (::fcntl(out.fd_, F_OFD_SETLK, &wanted) != 0) {
    if (errno == EAGAIN || errno == EACCES) return std::optional<FileLock>();
    return fail(cannot_write(file, errno));
  }
  // For messages only, so that a full disk does not matter here.
  const std::string text = std::to_string(::getpid()) + "\n";
  const bool cleared = ::ftruncate(out.fd_, 0) == 0;
  if (cleared && ::pwrite(out.fd_, text.data(), text.size(), 0) < 0) errno = 0;
  return std::optional<FileLock>(std::move(out));
}

bool FileLock::is_held(const std::filesystem::path& file) {
  const FileLock looked(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (looked.fd_ < 0) return false;
  struct flock asked = whole_file();
  return ::fcntl(looked.fd_, F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
}

int FileLock::holder(const std::filesystem::path& file) {
  const Result<std::string> text = read_file(file, 64);
  return text ? static_cast<int>(std::strtol(text->c_str(), nullptr, 10)) : 0;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace fdl
