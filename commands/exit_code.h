#pragma once

namespace fdl {

// The exit codes of docs/architecture.md.
enum class ExitCode : int {
  Ok = 0,
  Failed = 1,
  BadInput = 2,
  NotReady = 3,
  Interrupted = 130,
  Terminated = 143
};

}  // namespace fdl
