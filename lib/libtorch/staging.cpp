#include "lib/libtorch/staging.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "lib/base/files.h"
#include "lib/libtorch/home.h"

namespace fdl::libtorch {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStagingPrefix = ".staging-";
// The former variant, moved into the staging folder for the moment between two renames.
constexpr std::string_view kAsidePrefix = "former-";

Diagnostic cannot_move(const fs::path& from, const fs::path& to, int code) {
  return error(Code::CannotWrite, {}, "cannot move '{}' to '{}': {}", from.string(), to.string(),
               std::strerror(code));
}

bool is_alive(std::string_view pid_text) {
  pid_t pid = 0;
  const char* end = pid_text.data() + pid_text.size();
  const auto parsed = std::from_chars(pid_text.data(), end, pid);
  if (parsed.ec != std::errc() || parsed.ptr != end || pid <= 0 || pid == ::getpid()) return false;
  return ::kill(pid, 0) == 0 || errno == EPERM;
}

// A process that was killed between the two renames of replace_by_renames left its former variant
// here and none in place. False when it cannot be moved back: then it must not be removed.
bool put_back(const fs::path& stale, const fs::path& precompiled) {
  std::error_code code;
  bool is_safe = true;
  for (const fs::directory_entry& entry : fs::directory_iterator(stale, code)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kAsidePrefix, 0) != 0) continue;
    const fs::path target = precompiled / name.substr(kAsidePrefix.size());
    if (fs::exists(target, code)) continue;
    fs::rename(entry.path(), target, code);
    is_safe = is_safe && !code;
  }
  return is_safe;
}

// A lock that the system drops when we die; -1 where the file system has no locks.
Result<int> lock_home(const fs::path& root) {
  const fs::path file = root / ".lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(
        error(Code::CannotWrite, {}, "cannot write '{}': {}", file.string(), std::strerror(errno)));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  const int code = errno;
  ::close(fd);
  if (code != EWOULDBLOCK) return -1;
  return fail(error(Code::CannotWrite, {}, "another install is at work in '{}'", root.string())
                  .help("wait until it has ended"));
}

// So that a power cut after the rename cannot leave a complete name with incomplete files.
void flush_file_system(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::syncfs(fd);
  ::close(fd);
}

}  // namespace

Result<Staging> Staging::begin(const fs::path& home) {
  const fs::path root = libtorch_root(home);
  const fs::path precompiled = root / "precompiled";
  FDL_TRY(make_folders(precompiled));
  const Result<int> lock = lock_home(root);
  if (!lock) return fail(lock.error());
  tidy(precompiled, *lock >= 0);
  Staging staging(precompiled / (std::string(kStagingPrefix) + std::to_string(::getpid())), *lock);
  FDL_TRY(make_folders(staging.folder_));
  return staging;
}

Staging::Staging(Staging&& other) noexcept
    : folder_(std::exchange(other.folder_, {})), lock_(std::exchange(other.lock_, -1)) {}

Staging::~Staging() {
  std::error_code code;
  if (!folder_.empty() && put_back(folder_, folder_.parent_path())) fs::remove_all(folder_, code);
  if (lock_ >= 0) ::close(lock_);
}

Result<void> Staging::put_into_place(const fs::path& fresh, const std::string& variant) {
  const fs::path precompiled = folder_.parent_path();
  const fs::path target = precompiled / variant;
  flush_file_system(fresh);
  std::error_code code;
  const bool is_first = !fs::exists(fs::symlink_status(target, code));
  if (is_first) {
    if (::rename(fresh.c_str(), target.c_str()) != 0)
      return fail(cannot_move(fresh, target, errno));
  } else if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) != 0) {
    FDL_TRY(replace_by_renames(fresh, target, folder_ / (std::string(kAsidePrefix) + variant)));
  }
  return sync_folder(precompiled);
}

void tidy(const fs::path& precompiled, bool is_alone) {
  std::error_code code;
  std::vector<fs::path> stale;
  for (const fs::directory_entry& entry : fs::directory_iterator(precompiled, code)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kStagingPrefix, 0) != 0) continue;
    if (is_alone || !is_alive(std::string_view(name).substr(kStagingPrefix.size())))
      stale.push_back(entry.path());
  }
  for (const fs::path& folder : stale) {
    if (put_back(folder, precompiled)) fs::remove_all(folder, code);
  }
}

Result<void> replace_by_renames(const fs::path& fresh, const fs::path& target,
                                const fs::path& aside) {
  if (::rename(target.c_str(), aside.c_str()) != 0) return fail(cannot_move(target, aside, errno));
  if (::rename(fresh.c_str(), target.c_str()) == 0) return {};
  const int code = errno;
  Diagnostic d = cannot_move(fresh, target, code);
  if (::rename(aside.c_str(), target.c_str()) == 0) return fail(std::move(d));
  return fail(std::move(d).help("the former one is in '{}'", aside.string()));
}

}  // namespace fdl::libtorch
