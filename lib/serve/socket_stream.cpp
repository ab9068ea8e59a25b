#include "lib/serve/socket_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>

namespace fdl::serve {

bool SocketStream::wait(short events, Clock::time_point until) const {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left < 0) return false;
    pollfd asked{socket_, events, 0};
    const int ready = ::poll(&asked, 1, static_cast<int>(std::min<long>(left, 60'000)) + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool SocketStream::wait_for_request(int seconds) {
  const bool came =
      ahead_begin_ < ahead_end_ || wait(POLLIN, Clock::now() + std::chrono::seconds(seconds));
  read_until_ = Clock::now() + std::chrono::seconds(spec_.request_seconds);
  bytes_left_ = spec_.most_head_bytes + spec_.most_body_bytes;
  return came;
}

bool SocketStream::is_readable() const {
  return ahead_begin_ < ahead_end_ || wait(POLLIN, read_until_);
}

bool SocketStream::is_writable() const {
  return wait(POLLOUT, Clock::now() + std::chrono::seconds(spec_.write_seconds));
}

ssize_t SocketStream::read(char* to, std::size_t size) {
  if (bytes_left_ == 0) return -1;
  if (ahead_begin_ == ahead_end_) {
    if (!wait(POLLIN, read_until_)) return -1;
    const ssize_t got = ::recv(socket_, ahead_, sizeof ahead_, 0);
    if (got <= 0) return got;
    ahead_begin_ = 0;
    ahead_end_ = static_cast<std::size_t>(got);
  }
  const std::size_t given = std::min({size, ahead_end_ - ahead_begin_, bytes_left_});
  std::memcpy(to, ahead_ + ahead_begin_, given);
  ahead_begin_ += given;
  bytes_left_ -= given;
  return static_cast<ssize_t>(given);
}

// A reader that does not take what it is sent in time is given up.
ssize_t SocketStream::write(const char* from, std::size_t size) {
  if (!is_writable()) return -1;
  return ::send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Nothing here asks who is at the other end.
void SocketStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void SocketStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace fdl::serve
