#include "lib/libtorch/install.h"

#include <algorithm>
#include <utility>

#include "lib/archive/unpack.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/sha256.h"
#include "lib/libtorch/download.h"
#include "lib/libtorch/home.h"
#include "lib/libtorch/inspect.h"
#include "lib/libtorch/origin.h"
#include "lib/libtorch/staging.h"

namespace fdl::libtorch {
namespace {

namespace fs = std::filesystem;

std::uint64_t size_or_zero(const fs::path& file) {
  std::error_code code;
  const std::uint64_t num_bytes = fs::file_size(file, code);
  return code ? 0 : num_bytes;
}

std::string arch_text(const Release& release) {
  return fmt::format("cuda={}\ntorch={}\narchs={}\nsource=precompiled\nvariant={}\n", release.cuda,
                     release.version, release.archs, release.variant);
}

// As libtorch's zips name their builds.
std::string build_version(const Release& release) {
  return release.version + (release.has_cuda() ? "+" + release.variant : "");
}

std::string command_line(const ProcessSpec& command) {
  std::string out = shell_quote(command.program);
  for (const std::string& word : command.arguments) out += " " + shell_quote(word);
  return out;
}

// One installation from its origin to the rename.
class Installer {
 public:
  Installer(const InstallOptions& options, const ProgressCallback& progress, Staging& staging)
      : release_(options.release),
        from_(options.from),
        progress_(progress),
        staging_(staging),
        fresh_(staging.folder() / release_.variant) {}

  Result<void> run() {
    const Result<Origin> origin = from_.empty() ? download() : find_origin(from_, release_);
    if (!origin) return fail(origin.error());
    FDL_TRY(check_hashes(*origin));
    FDL_TRY(make_folders(fresh_));
    FDL_TRY(origin->kind == OriginKind::Folder ? copy_folder(origin->files[0])
                                               : unpack_archives(*origin));
    FDL_TRY(check_unpacked(fresh_, release_, from_.empty() ? origin->files[0] : from_));
    std::error_code code;
    fs::remove(fresh_ / "version.py", code);  // it has told what it was there for
    FDL_TRY(write_atomic(fresh_ / ".arch", arch_text(release_)));
    FDL_TRY(write_atomic(fresh_ / "build-version", build_version(release_) + "\n"));
    tell(InstallStep::Replacing, "", 0, 0);
    return staging_.put_into_place(fresh_, release_.variant);
  }

 private:
  void tell(InstallStep step, const std::string& file, std::uint64_t done, std::uint64_t total) {
    if (progress_) progress_({step, file, total == 0 ? done : std::min(done, total), total});
  }

  Result<Origin> download() {
    const fs::path folder = staging_.folder() / "wheels";
    FDL_TRY(make_folders(folder));
    std::uint64_t total = 0;
    for (const Pin& pin : release_.wheels) total += pin.num_bytes;
    const auto arrived = [&](std::uint64_t done) {
      tell(InstallStep::Downloading, "", done, total);
    };
    arrived(0);
    FDL_TRY(download_wheels(release_, folder, arrived));
    return pinned_wheels(folder, release_);
  }

  Result<void> check_hashes(const Origin& origin) {
    for (const fs::path& file : origin.files) {
      const Pin* pin = find_pin(release_, file.filename().string());
      if (pin == nullptr) continue;
      tell(InstallStep::Checking, pin->file, 0, size_or_zero(file));
      const Result<std::string> hash = sha256_file(file);
      if (!hash) return fail(hash.error());
      if (*hash == pin->sha256) continue;
      return fail(error(Code::LibtorchHash, {}, "'{}' has the SHA-256 {}, expected {}",
                        file.string(), *hash, pin->sha256)
                      .help("nothing was installed; fetch the file again"));
    }
    return {};
  }

  Result<void> unpack_archives(const Origin& origin) {
    for (const fs::path& file : origin.files) {
      const std::uint64_t total = size_or_zero(file);
      const std::string name = file.filename().string();
      archive::UnpackJob job;
      job.archive = file;
      job.folder = fresh_;
      job.place = [&](std::string_view entry) {
        return place_of(release_, origin.kind, file, entry);
      };
      job.progress = [&](std::uint64_t done) { tell(InstallStep::Unpacking, name, done, total); };
      FDL_TRY(archive::unpack(job));
    }
    return {};
  }

  Result<void> copy_folder(const fs::path& folder) {
    std::uint64_t done = 0;
    std::error_code code;
    fs::recursive_directory_iterator at(folder, code);
    for (; !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
      if (at->is_directory(code)) continue;
      const std::string entry = at->path().lexically_relative(folder).string();
      const std::string place = place_of(release_, OriginKind::Folder, folder, entry);
      if (place.empty()) continue;
      FDL_TRY(copy_one(at->path(), fresh_ / place));
      done += size_or_zero(fresh_ / place);
      tell(InstallStep::Copying, entry, done, 0);
    }
    if (!code) return {};
    return fail(
        error(Code::CannotRead, {}, "cannot read '{}': {}", folder.string(), code.message()));
  }

  // Links are followed: the copy holds no way out of its folder.
  static Result<void> copy_one(const fs::path& from, const fs::path& to) {
    FDL_TRY(make_folders(to.parent_path()));
    std::error_code code;
    if (fs::copy_file(from, to, code)) return {};
    return fail(error(Code::CannotWrite, {}, "cannot copy '{}' to '{}': {}", from.string(),
                      to.string(), code.message()));
  }

  const Release& release_;
  const fs::path& from_;
  const ProgressCallback& progress_;
  Staging& staging_;
  const fs::path fresh_;
};

std::string origin_sentence(const InstallOptions& options, const Origin& origin) {
  if (options.from.empty())
    return "download with: " + command_line(download_command(options.release, "FOLDER"));
  std::string files;
  for (const fs::path& file : origin.files)
    files += fmt::format("{}'{}'", files.empty() ? "" : ", ", file.string());
  return (origin.kind == OriginKind::Folder ? "copy " : "unpack ") + files;
}

// What install() would do, for `actions`; finds what can be found wrong without unpacking.
Result<std::vector<std::string>> plan(const InstallOptions& options, const InstallReport& report) {
  std::vector<std::string> out;
  if (!report.already_there) {
    Origin origin;
    if (!options.from.empty()) {
      Result<Origin> found = find_origin(options.from, options.release);
      if (!found) return fail(found.error());
      origin = std::move(*found);
    }
    std::error_code code;
    out.push_back(origin_sentence(options, origin));
    out.push_back(fmt::format("{} '{}'", fs::exists(report.folder, code) ? "replace" : "create",
                              report.folder.string()));
  }
  if (!options.no_activate) out.push_back(fmt::format("make '{}' the active one", report.variant));
  return out;
}

bool is_active(const InstallOptions& options, const InstallReport& report) {
  const std::vector<Installed> all = list_installed(options.home);
  return std::any_of(all.begin(), all.end(), [&](const Installed& one) {
    return one.active && one.variant == report.variant;
  });
}

}  // namespace

Result<InstallReport> install(const InstallOptions& options, const ProgressCallback& progress) {
  InstallReport report;
  report.variant = "precompiled/" + options.release.variant;
  report.folder = libtorch_root(options.home) / report.variant;
  report.already_there = !options.force && is_whole(report.folder, options.release);
  Result<std::vector<std::string>> actions = plan(options, report);
  if (!actions) return fail(actions.error());
  report.actions = std::move(*actions);
  report.active = !options.no_activate || is_active(options, report);
  if (options.dry_run) return report;

  // Also where there is nothing to install: its start removes what killed installs left behind.
  Result<Staging> staging = Staging::begin(options.home);
  if (!report.already_there) {
    if (!staging) return fail(staging.error());
    FDL_TRY(Installer(options, progress, *staging).run());
  }
  if (options.no_activate) return report;
  if (progress) progress({InstallStep::Activating, report.variant, 0, 0});
  FDL_TRY(activate(options.home, report.variant));
  return report;
}

}  // namespace fdl::libtorch
