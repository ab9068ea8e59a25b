#include "lib/archive/unpack.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "lib/archive/unpack_plugin.h"
#include "lib/base/plugin.h"

namespace fdl::archive {
namespace {

using UnpackFunction = decltype(&fdl_unpack);

Result<UnpackFunction> load_plugin() {
  constexpr const char* kName = "libfdl_unpack.so";
  const PluginFunction found = find_plugin_function(kName, FDL_UNPACK_BUILT, "fdl_unpack");
  if (found.address != nullptr) return reinterpret_cast<UnpackFunction>(found.address);
  return fail(error(Code::CannotRead, {}, "cannot load '{}': {}", kName, found.reason)
                  .help("it belongs beside the fdl program; build fdl again"));
}

// Entry names come from outside: control characters could rewrite the terminal.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

Diagnostic describe(const UnpackJob& job, UnpackOutcome outcome, const UnpackProblem& problem) {
  const std::string archive = job.archive.filename().string();
  const std::string entry = printable(problem.entry);
  const std::string reason = printable(problem.reason);
  if (outcome == UnpackOutcome::Unsafe)
    return error(Code::ArchiveUnsafe, {}, "entry '{}' of '{}' {}", entry, archive, reason)
        .help("nothing was kept; take the file from a source you trust");
  if (outcome == UnpackOutcome::CannotWrite) {
    Diagnostic d = error(Code::CannotWrite, {}, "cannot write '{}': {}", entry,
                         std::strerror(problem.system_error));
    if (problem.system_error == ENOSPC || problem.system_error == EDQUOT)
      return std::move(d).help("free some space and try again");
    return d;
  }
  const std::string at = entry.empty() ? "" : fmt::format(" at entry '{}'", entry);
  return error(job.damaged, {}, "'{}' is damaged{}: {}", job.archive.string(), at, reason)
      .help("nothing was kept; fetch the file again");
}

// The two callbacks' state; `place` keeps the text alive that the plugin reads.
struct Callbacks {
  const UnpackJob& job;
  std::string place;
};

const char* call_place(void* context, const char* entry) {
  auto& callbacks = *static_cast<Callbacks*>(context);
  callbacks.place = callbacks.job.place(entry);
  return callbacks.place.empty() ? nullptr : callbacks.place.c_str();
}

void call_progress(void* context, std::uint64_t read_bytes) {
  const UnpackJob& job = static_cast<Callbacks*>(context)->job;
  if (job.progress) job.progress(read_bytes);
}

}  // namespace

Result<void> unpack(const UnpackJob& job) {
  const Result<UnpackFunction> run = load_plugin();
  if (!run) return fail(run.error());
  Callbacks callbacks{job, ""};
  const UnpackRequest request{
      job.archive.c_str(), job.folder.c_str(), job.limit_bytes, job.format == Format::TarGz ? 1 : 0,
      call_place,          call_progress,      &callbacks};
  UnpackProblem problem{};
  const UnpackOutcome outcome = (*run)(&request, &problem);
  if (outcome == UnpackOutcome::Done) return {};
  return fail(describe(job, outcome, problem));
}

}  // namespace fdl::archive
