#include "lib/base/process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "tests/temporary_folder.h"

using fdl::Captured;
using fdl::Code;
using fdl::Process;
using fdl::ProcessSpec;
using fdl::Result;
using fdl::run_captured;
using fdl::shell_quote;
using fdl::testing::bytes_of;
using fdl::testing::TemporaryFolder;

namespace {

ProcessSpec shell(std::string line) {
  ProcessSpec spec;
  spec.program = "sh";
  spec.arguments = {"-c", std::move(line)};
  return spec;
}

// Two descriptors: what is written into `in` comes out of `out`.
struct Pipe {
  int out = -1, in = -1;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    out = ends[0];
    in = ends[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ::close(out);
    close_in();
  }
  void close_in() {
    if (in >= 0) ::close(in);
    in = -1;
  }
  std::string read_line() const {
    std::string line;
    char c = 0;
    while (::read(out, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }
};

}  // namespace

TEST_CASE("captured output holds both streams in the order they were written") {
  const Result<Captured> captured = run_captured(shell("echo out; echo err >&2; echo out again"));
  REQUIRE(captured.has_value());
  CHECK(captured->output == "out\nerr\nout again\n");
  CHECK(captured->status.ok());
}

TEST_CASE("captured output may be longer than a pipe holds") {
  const Result<Captured> captured = run_captured(shell("head -c 300000 /dev/zero"));
  REQUIRE(captured.has_value());
  CHECK(captured->output == std::string(300000, '\0'));
}

TEST_CASE("exit codes and signals are told apart") {
  const auto failed = run_captured(shell("exit 7"));
  CHECK(failed->status.code == 7);
  CHECK(failed->status.signal == 0);
  CHECK(!failed->status.ok());
  CHECK(failed->status.shell_code() == 7);
  const auto killed = run_captured(shell("kill -KILL $$"));
  CHECK(killed->status.signal == SIGKILL);
  CHECK(!killed->status.ok());
  CHECK(killed->status.shell_code() == 128 + SIGKILL);
}

TEST_CASE("FDL5003: a program that is missing is named with the reason") {
  ProcessSpec spec;
  spec.program = "fdl-no-such-program";
  const Result<Process> started = Process::start(spec);
  REQUIRE(!started);
  CHECK(started.error().code == Code::CannotStart);
  CHECK(started.error().message == "cannot start 'fdl-no-such-program': No such file or directory");
  CHECK(run_captured(spec).error().message == started.error().message);
}

TEST_CASE("a file that is no program, and a folder that is missing, fail before anything runs") {
  const TemporaryFolder folder;
  ProcessSpec spec;
  spec.program = folder.file("data", "no program").string();
  CHECK(Process::start(spec).error().message.ends_with("Permission denied"));
  ProcessSpec lost = shell("echo never");
  lost.folder = folder.path() / "none";
  CHECK(run_captured(lost).error().message == "cannot start 'sh': No such file or directory");
}

TEST_CASE("a failed start leaves no child behind") {
  ProcessSpec spec;
  spec.program = "fdl-no-such-program";
  REQUIRE(!Process::start(spec));
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

TEST_CASE("an output file receives both streams after what it holds") {
  const TemporaryFolder folder;
  ProcessSpec spec = shell("echo out; echo err >&2");
  spec.output_file = folder.file("log.txt", "before\n");
  REQUIRE(Process::start(spec)->wait().ok());
  CHECK(bytes_of(spec.output_file) == "before\nout\nerr\n");
  spec.output_file = folder.path() / "none" / "log.txt";
  const Result<Process> started = Process::start(spec);
  REQUIRE(!started);
  CHECK(started.error().code == Code::CannotWrite);
  CHECK(started.error().message ==
        "cannot write '" + spec.output_file.string() + "': No such file or directory");
}

TEST_CASE("arguments arrive as they are") {
  ProcessSpec spec;
  spec.program = "printf";
  spec.arguments = {"[%s]", "", "two words", "$HOME", "'\"\\", "line\nfeed"};
  CHECK(run_captured(spec)->output == "[][two words][$HOME]['\"\\][line\nfeed]");
}

TEST_CASE("the child has our environment, with what was added or replaced") {
  ::setenv("FDL_TEST_KEPT", "kept", 1);
  ::setenv("FDL_TEST_REPLACED", "former", 1);
  ProcessSpec spec = shell("echo $FDL_TEST_KEPT $FDL_TEST_REPLACED $FDL_TEST_ADDED");
  spec.environment = {{"FDL_TEST_REPLACED", "new"}, {"FDL_TEST_ADDED", "a=b"}};
  CHECK(run_captured(spec)->output == "kept new a=b\n");
  spec.program = "env";  // shows a variable that is there twice, as sh would not
  spec.arguments = {};
  const std::string all = run_captured(spec)->output;
  CHECK(all.find("FDL_TEST_REPLACED=") == all.rfind("FDL_TEST_REPLACED="));
  CHECK(std::string(std::getenv("FDL_TEST_REPLACED")) == "former");
  ::unsetenv("FDL_TEST_KEPT");
  ::unsetenv("FDL_TEST_REPLACED");
}

TEST_CASE("the child starts in the folder it is given") {
  const TemporaryFolder folder;
  ProcessSpec spec = shell("pwd -P");
  spec.folder = folder.path();
  CHECK(run_captured(spec)->output == std::filesystem::canonical(folder.path()).string() + "\n");
}

TEST_CASE("only the inherited descriptor reaches the child") {
  Pipe kept, closed;
  ProcessSpec spec = shell("echo through >&" + std::to_string(kept.in) + "; { echo leak >&" +
                           std::to_string(closed.in) + "; } 2>/dev/null || echo closed");
  spec.inherited_fd = kept.in;
  CHECK(run_captured(spec)->output == "closed\n");
  CHECK(kept.read_line() == "through");
}

TEST_CASE("try_wait is false while the program runs and true after it") {
  Pipe gate;
  ProcessSpec spec = shell("read line <&" + std::to_string(gate.out) + "; exit 3");
  spec.inherited_fd = gate.out;
  Result<Process> process = Process::start(spec);
  REQUIRE(process.has_value());
  CHECK(!process->try_wait());
  REQUIRE(::write(gate.in, "go\n", 3) == 3);
  CHECK(process->wait().code == 3);
  CHECK(process->try_wait());
  CHECK(process->status().code == 3);
  CHECK(process->wait().code == 3);  // asking again changes nothing
}

TEST_CASE("a signal reaches the program, and its whole group when it has its own") {
  Pipe ready;
  ProcessSpec spec = shell("sh -c 'echo up >&" + std::to_string(ready.in) +
                           "; sleep 1000'; echo alive >&" + std::to_string(ready.in));
  spec.inherited_fd = ready.in;
  spec.own_group = true;
  Result<Process> process = Process::start(spec);
  REQUIRE(process.has_value());
  CHECK(ready.read_line() == "up");
  CHECK(::getpgid(process->pid()) == process->pid());
  process->send_signal(SIGTERM);
  CHECK(process->wait().signal == SIGTERM);
  ready.close_in();
  CHECK(ready.read_line() == "");  // the end of the pipe: the grandchild is gone as well
  process->send_signal(SIGTERM);   // to nobody, once it has ended
}

TEST_CASE("a child that dies with its parent does") {
  Pipe report;
  const pid_t parent = ::fork();
  if (parent == 0) {
    ProcessSpec spec = shell("echo $$ >&" + std::to_string(report.in) + "; exec sleep 1000");
    spec.inherited_fd = report.in;
    spec.dies_with_parent = true;
    const bool started = Process::start(spec).has_value();
    // Stays until the child is in place, then dies and takes it along.
    ::raise(SIGSTOP);
    ::_exit(started ? 0 : 1);
  }
  const int child = std::stoi(report.read_line());
  REQUIRE(::kill(child, 0) == 0);
  ::kill(parent, SIGKILL);
  REQUIRE(::waitpid(parent, nullptr, 0) == parent);
  std::string state;
  do {  // an ended child of a dead parent is gone, or a zombie where nobody reaps
    std::ifstream status("/proc/" + std::to_string(child) + "/stat");
    state = "gone";
    if (status.good()) std::getline(status, state);
  } while (state != "gone" && state.find(") Z ") == std::string::npos);
  CHECK((state == "gone" || state.find(") Z ") != std::string::npos));
}

TEST_CASE("shell_quote leaves plain words alone and quotes the rest") {
  CHECK(shell_quote("runs/a-1_b.c=d:e@f%g+h,i") == "runs/a-1_b.c=d:e@f%g+h,i");
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("two words") == "'two words'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
}

TEST_CASE("sh reads back what shell_quote wrote, whatever the byte") {
  std::vector<std::string> words = {"",  "a b", "$(echo x)", "`id`", "~",  "*",     "#c",    "a\\",
                                    "'", "\"",  "''",        "-n",   "!x", "é\xff", "a\n\nb"};
  std::string every_byte;
  for (int byte = 1; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  words.push_back(every_byte);
  for (const std::string& word : words) {
    CAPTURE(word);
    CHECK(run_captured(shell("printf '%s' " + shell_quote(word)))->output == word);
  }
}
