#include "lib/base/terminal.h"

#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace {

// Sets a variable for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* former = std::getenv(name)) former_ = former;
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { former_ ? ::setenv(name_, former_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> former_;
};

// A pseudo terminal of that width; -1 stands for a system that has none to give.
class Terminal {
 public:
  explicit Terminal(unsigned short num_columns) : main_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (main_ < 0 || ::grantpt(main_) != 0 || ::unlockpt(main_) != 0) return;
    fd_ = ::open(::ptsname(main_), O_RDWR | O_NOCTTY);
    winsize size{};
    size.ws_col = num_columns;
    ::ioctl(main_, TIOCSWINSZ, &size);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    ::close(fd_);
    ::close(main_);
  }
  int fd() const { return fd_; }

 private:
  int main_;
  int fd_ = -1;
};

}  // namespace

TEST_CASE("a pipe is no terminal, gets no colour, and is 80 columns wide") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Variable no_color("NO_COLOR", nullptr), term("TERM", "xterm");
  CHECK(!fdl::is_terminal(ends[1]));
  CHECK(!fdl::wants_color(ends[1]));
  CHECK(fdl::terminal_width(ends[1]) == 80);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a terminal is known by its columns, and 80 when it does not know them") {
  const Terminal wide(132), unknown(0);
  REQUIRE(wide.fd() >= 0);
  CHECK(fdl::is_terminal(wide.fd()));
  CHECK(fdl::terminal_width(wide.fd()) == 132);
  CHECK(fdl::terminal_width(unknown.fd()) == 80);
}

TEST_CASE("a terminal gets colour unless NO_COLOR or a dumb TERM forbid it") {
  const Terminal terminal(80);
  REQUIRE(terminal.fd() >= 0);
  const auto wants = [&](const char* no_color, const char* term) {
    const Variable first("NO_COLOR", no_color), second("TERM", term);
    return fdl::wants_color(terminal.fd());
  };
  CHECK(wants(nullptr, "xterm"));
  CHECK(wants("", "xterm"));
  CHECK(wants(nullptr, nullptr));
  CHECK(!wants("1", "xterm"));
  CHECK(!wants(nullptr, "dumb"));
}
