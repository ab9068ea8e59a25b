#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace fdl {

// A program to start. `program` is looked up in PATH when it has no slash.
struct ProcessSpec {
  std::string program;
  std::vector<std::string> arguments;
  std::filesystem::path folder;                    // empty: the current one
  std::map<std::string, std::string> environment;  // added to ours
  bool own_group = false;         // its own process group: the terminal's Ctrl-C does not reach it
  bool dies_with_parent = false;  // receives SIGTERM when we die
  int inherited_fd = -1;          // an extra descriptor it keeps, under the same number
  std::filesystem::path output_file;  // both its outputs are appended there; empty: ours
};

// How a program ended.
struct ExitStatus {
  int code = 0;    // its exit code, when signal is 0
  int signal = 0;  // the signal that killed it, or 0
  long peak_rss_kib =
      0;  // resident memory, of the largest of it and the programs that it waited for
  bool ok() const { return code == 0 && signal == 0; }
  // The shell's convention: the code, or 128 + signal.
  int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

// A started program. The destructor neither waits nor kills: call wait().
class Process {
 public:
  // Errors: FDL5003 (the program is missing or cannot be started).
  static Result<Process> start(const ProcessSpec& spec);
  int pid() const { return pid_; }
  ExitStatus wait();
  // True when it has ended; its status is then in `status`.
  bool try_wait();
  const ExitStatus& status() const { return status_; }
  // Sends the signal to its process group when it has its own, else to it alone.
  void send_signal(int signal_number) const;

 private:
  int pid_ = 0;
  bool own_group_ = false;
  bool ended_ = false;
  ExitStatus status_;
};

struct Captured {
  ExitStatus status;
  std::string output;  // standard output and standard error together
};

// Runs a program to its end and keeps what it printed. Errors: FDL5003.
Result<Captured> run_captured(const ProcessSpec& spec);

// `text` as one word of a POSIX shell line.
std::string shell_quote(const std::string& text);

}  // namespace fdl
