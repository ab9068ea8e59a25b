#pragma once

#include <chrono>
#include <httplib.h>
#include <string>

#include "lib/serve/http.h"

namespace fdl::serve {

// A connection's bytes, for httplib, which by itself bounds neither how long a request may trickle
// nor how many header lines it may have.
class SocketStream : public httplib::Stream {
 public:
  SocketStream(socket_t socket, const HttpSpec& spec) : socket_(socket), spec_(spec) {}

  // A new request of the same connection has bounds of its own. Whether one came in time.
  bool wait_for_request(int seconds);

  using httplib::Stream::write;

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  using Clock = std::chrono::steady_clock;
  // Whether it is ready for `events` of poll(2) before `until`.
  bool wait(short events, Clock::time_point until) const;

  socket_t socket_;
  const HttpSpec& spec_;
  Clock::time_point read_until_ = Clock::time_point::max();
  std::size_t bytes_left_ = 0;
  char ahead_[4096] = {};  // what was read and not yet asked for
  std::size_t ahead_begin_ = 0, ahead_end_ = 0;
};

}  // namespace fdl::serve
