#include "lib/base/scratch_folder.h"

#include <cerrno>
#include <cstdlib>

#include "lib/base/files.h"

namespace fdl {

namespace fs = std::filesystem;

Result<ScratchFolder> ScratchFolder::make(const std::string& purpose) {
  std::error_code code;
  const fs::path root = fs::temp_directory_path(code);
  if (code) return fail(cannot_write(root, code.value()));
  std::string name = (root / ("fdl-" + purpose + "-")).string() + "XXXXXX";  // as mkdtemp wants it
  if (::mkdtemp(name.data()) == nullptr) return fail(cannot_write(root, errno));
  return ScratchFolder(name);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace fdl
