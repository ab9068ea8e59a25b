#include "lib/base/check.h"

#include <csignal>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace {

struct Ending {
  int signal;
  std::string said;
};

// Runs `body` in a child whose standard error is read here.
template <typename F>
Ending in_child(F body) {
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::signal(SIGABRT, SIG_DFL);  // doctest's handler would report the abort as its own
    ::dup2(pipe_ends[1], STDERR_FILENO);
    ::close(pipe_ends[1]);
    body();
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  Ending ending{};
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
    ending.said.append(buffer, static_cast<std::size_t>(got));
  ::close(pipe_ends[0]);
  int raw = 0;
  REQUIRE(::waitpid(pid, &raw, 0) == pid);
  ending.signal = WIFSIGNALED(raw) ? WTERMSIG(raw) : 0;
  return ending;
}

}  // namespace

TEST_CASE("a condition that holds costs nothing and says nothing") {
  const Ending ending = in_child([] { FDL_CHECK(1 + 1 == 2); });
  CHECK(ending.signal == 0);
  CHECK(ending.said == "");
}

TEST_CASE("a broken condition aborts with its text, its place and a request to report it") {
  const int line = __LINE__ + 1;
  const Ending ending = in_child([] { FDL_CHECK(1 + 1 == 3); });
  CHECK(ending.signal == SIGABRT);
  CHECK(ending.said == "fdl: internal error at " + std::string(__FILE__) + ":" +
                           std::to_string(line) +
                           ": '1 + 1 == 3' does not hold; please report this\n");
}
