#include "lib/base/process.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fdl {
namespace {

Diagnostic cannot_start(const ProcessSpec& spec, int code) {
  return error(Code::CannotStart, {}, "cannot start '{}': {}", spec.program, std::strerror(code));
}

ExitStatus decode(int raw, const rusage& used) {
  if (WIFSIGNALED(raw)) return {0, WTERMSIG(raw), used.ru_maxrss};
  return {WEXITSTATUS(raw), 0, used.ru_maxrss};
}

// All that the child needs, made before the fork: between fork and exec nothing may allocate.
struct Prepared {
  std::vector<std::string> words;
  std::vector<char*> argv;
  std::vector<std::string> variables;
  std::vector<char*> envp;

  explicit Prepared(const ProcessSpec& spec) {
    words.push_back(spec.program);
    words.insert(words.end(), spec.arguments.begin(), spec.arguments.end());
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string variable = *entry;
      if (spec.environment.count(variable.substr(0, variable.find('='))) == 0)
        variables.push_back(variable);
    }
    for (const auto& [name, value] : spec.environment) variables.push_back(name + "=" + value);
    for (std::string& variable : variables) envp.push_back(variable.data());
    envp.push_back(nullptr);
  }
};

[[noreturn]] void run_child(const ProcessSpec& spec, Prepared& prepared, int output, int report,
                            int parent) {
  const auto give_up = [&] {
    const int code = errno;
    (void)!::write(report, &code, sizeof code);
    ::_exit(127);
  };
  if (spec.own_group) ::setpgid(0, 0);
  if (spec.dies_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
  }
  if (output >= 0) {
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
  }
  if (spec.inherited_fd >= 0) ::fcntl(spec.inherited_fd, F_SETFD, 0);
  if (!spec.folder.empty() && ::chdir(spec.folder.c_str()) != 0) give_up();
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  ::execvpe(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
  give_up();
  ::_exit(127);
}

// Starts the program with its output on `output` (-1: ours).
Result<int> start_child(const ProcessSpec& spec, int output) {
  Prepared prepared(spec);
  int report[2];  // carries errno when exec fails; closed by a successful exec
  if (::pipe2(report, O_CLOEXEC) != 0) return fail(cannot_start(spec, errno));
  const int parent = ::getpid();
  const int pid = ::fork();
  if (pid == 0) run_child(spec, prepared, output, report[1], parent);
  const int fork_error = errno;
  ::close(report[1]);
  int code = 0;
  ssize_t got = 0;
  if (pid > 0) {
    do {
      got = ::read(report[0], &code, sizeof code);
    } while (got < 0 && errno == EINTR);
  }
  ::close(report[0]);
  if (pid < 0) return fail(cannot_start(spec, fork_error));
  if (got == sizeof code) {
    ::waitpid(pid, nullptr, 0);
    return fail(cannot_start(spec, code));
  }
  return pid;
}

}  // namespace

Result<Process> Process::start(const ProcessSpec& spec) {
  int output = -1;
  if (!spec.output_file.empty()) {
    output = ::open(spec.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0) {
      return fail(error(Code::CannotWrite, {}, "cannot write '{}': {}", spec.output_file.string(),
                        std::strerror(errno)));
    }
  }
  const Result<int> pid = start_child(spec, output);
  if (output >= 0) ::close(output);
  if (!pid) return fail(pid.error());
  Process process;
  process.pid_ = *pid;
  process.own_group_ = spec.own_group;
  return process;
}

ExitStatus Process::wait() {
  int raw = 0;
  rusage used = {};
  while (!ended_) {
    if (::wait4(pid_, &raw, 0, &used) < 0 && errno == EINTR) continue;
    status_ = decode(raw, used);
    ended_ = true;
  }
  return status_;
}

bool Process::try_wait() {
  int raw = 0;
  rusage used = {};
  if (!ended_ && ::wait4(pid_, &raw, WNOHANG, &used) == pid_) {
    status_ = decode(raw, used);
    ended_ = true;
  }
  return ended_;
}

void Process::send_signal(int signal_number) const {
  if (!ended_) ::kill(own_group_ ? -pid_ : pid_, signal_number);
}

Result<Captured> run_captured(const ProcessSpec& spec) {
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) return fail(cannot_start(spec, errno));
  const Result<int> pid = start_child(spec, output[1]);
  ::close(output[1]);
  if (!pid) {
    ::close(output[0]);
    return fail(pid.error());
  }
  Captured captured;
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(output[0], buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    captured.output.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(output[0]);
  int raw = 0;
  rusage used = {};
  while (::wait4(*pid, &raw, 0, &used) < 0 && errno == EINTR) {
  }
  captured.status = decode(raw, used);
  return captured;
}

std::string shell_quote(const std::string& text) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:@%+,";
  if (!text.empty() && text.find_first_not_of(kSafe) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace fdl
