// A library to preload: makes one call on files fail, so that a test sees what is left then. Reads
//   FDL_FAULT=write|short|fsync|rename|open  which call; `short` writes a half, then fails as
//   `write` FDL_FAULT_ERRNO=28                       how FDL_FAULT_IN=fdl-engine in which program
//   FDL_FAULT_AT=3                           the how-manieth on a file whose path holds
//   FDL_FAULT_UNDER=/runs/                   this; from it on all of them fail when
//   FDL_FAULT_STAYS=1                        is set: a full disk stays full
// and writes the number of calls that it saw into the file FDL_FAULT_COUNT.
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace {

std::atomic<long> num_seen{0};

const char* setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

template <typename F>
F original(const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

void tell_count(long count) {
  const char* path = std::getenv("FDL_FAULT_COUNT");
  if (path == nullptr) return;
  static const auto real_open = original<int (*)(const char*, int, ...)>("open");
  static const auto real_write = original<ssize_t (*)(int, const void*, std::size_t)>("write");
  const int fd = real_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const std::string text = std::to_string(count);
  if (fd >= 0 && real_write(fd, text.data(), text.size()) < 0) std::abort();
  ::close(fd);
}

bool is_in_program() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  const std::string program(path, length > 0 ? static_cast<std::size_t>(length) : 0);
  return program.substr(program.rfind('/') + 1) == setting("FDL_FAULT_IN");
}

// Whether this call, on that path, is to fail.
bool strikes(const char* call, const std::string& path) {
  const std::string wanted = setting("FDL_FAULT");
  static const bool is_here = is_in_program();
  const bool is_meant =
      is_here && (wanted == call || (wanted == "short" && std::strcmp(call, "write") == 0));
  if (!is_meant || path.find(setting("FDL_FAULT_UNDER")) == std::string::npos) return false;
  const long count = ++num_seen, at = std::atol(setting("FDL_FAULT_AT"));
  tell_count(count);
  return count == at || (count > at && *setting("FDL_FAULT_STAYS") != '\0');
}

int failure() {
  errno = std::atoi(setting("FDL_FAULT_ERRNO"));
  return -1;
}

std::string path_of(int fd) {
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(link, path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : "";
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, std::size_t count) {
  static const auto real = original<ssize_t (*)(int, const void*, std::size_t)>("write");
  if (!strikes("write", path_of(fd))) return real(fd, bytes, count);
  if (std::strcmp(setting("FDL_FAULT"), "short") == 0 && count > 1)
    return real(fd, bytes, count / 2);  // the next one goes on, or fails where it stays
  return failure();
}

int fsync(int fd) {
  static const auto real = original<int (*)(int)>("fsync");
  return strikes("fsync", path_of(fd)) ? failure() : real(fd);
}

int rename(const char* from, const char* to) {
  static const auto real = original<int (*)(const char*, const char*)>("rename");
  return strikes("rename", to) ? failure() : real(from, to);
}

int open(const char* path, int flags, ...) {
  static const auto real = original<int (*)(const char*, int, ...)>("open");
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  const bool writes = (flags & O_CREAT) != 0;
  return writes && strikes("open", path) ? failure() : real(path, flags, mode);
}
}
