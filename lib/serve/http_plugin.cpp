#include "lib/serve/http_plugin.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "lib/serve/socket_stream.h"

namespace fdl::serve {
namespace {

constexpr int kIdleSeconds = 15;                  // between two requests of a connection
constexpr std::size_t kMostRequests = 1'000'000;  // of one connection: only told, never counted
constexpr int kNiceness = 5;                      // a training job on the same cores comes first
constexpr std::size_t kLongestPath = 1024;
constexpr int kMostWaiting =
    128;  // to be accepted: httplib's 5 are fewer than the viewers of one page

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return c < 0x80 ? static_cast<char>(std::tolower(c)) : c; });
  return text;
}

// A thread for each connection. What comes beyond the bound is run at once, knowing that it has no
// room.
class Threads : public httplib::TaskQueue {
 public:
  explicit Threads(std::size_t most) : most_(most) {}

  void enqueue(std::function<void()> task) override {
    std::unique_lock lock(mutex_);
    if (running_ >= most_) {
      lock.unlock();
      has_no_room = true;
      task();
      has_no_room = false;
      return;
    }
    ++running_;
    std::thread([this, task = std::move(task)] {
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
      task();
      const std::lock_guard ended(mutex_);
      --running_;
      is_empty_.notify_all();
    }).detach();
  }

  void shutdown() override {
    std::unique_lock lock(mutex_);
    is_empty_.wait(lock, [&] { return running_ == 0; });
  }

  static thread_local bool has_no_room;

 private:
  std::size_t most_, running_ = 0;
  std::mutex mutex_;
  std::condition_variable is_empty_;
};

thread_local bool Threads::has_no_room = false;

class Server final : public HttpServer, private httplib::Server {
 public:
  explicit Server(const HttpSpec& spec) : spec_(spec) {
    new_task_queue = [this] { return new Threads(spec_.most_connections); };
    // httplib's own options would let a second server share the port, and half of the requests.
    set_socket_options([this](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
      listening_ = socket;
    });
    set_payload_max_length(spec.most_body_bytes);
    set_keep_alive_timeout(kIdleSeconds);
    set_keep_alive_max_count(kMostRequests);
    // All but bodies is answered before httplib matches patterns with text from outside.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      const bool has_length = request.has_header("Content-Length");
      if (request.method == "POST" && request.path.size() <= kLongestPath && has_length)
        return HandlerResponse::Unhandled;
      if (request.method == "POST" && !has_length) {  // it would be waited for to the end of time
        response.status = 411;
        response.set_header("Connection", "close");
        return HandlerResponse::Handled;
      }
      give(answer(request), response);
      return HandlerResponse::Handled;
    });
    Post(".*", [this](const httplib::Request& request, httplib::Response& response) {
      give(answer(request), response);
    });
    set_exception_handler([](const httplib::Request&, httplib::Response& response,
                             const std::exception_ptr&) { response.status = 500; });
  }
  ~Server() override {
    is_stopping_ = true;
    stop();
    if (thread_.joinable()) thread_.join();
  }

  // errno, or -1 when the address cannot be bound at all.
  int start() {
    errno = 0;
    port_ = spec_.port == 0 ? bind_to_any_port(spec_.host)
                            : (bind_to_port(spec_.host, spec_.port) ? spec_.port : -1);
    if (port_ <= 0) return errno != 0 ? errno : -1;
    ::listen(listening_, kMostWaiting);  // it listens already: this lengthens its queue
    thread_ = std::thread([this] { listen_after_bind(); });
    while (!is_running() && !is_stopping_) std::this_thread::yield();
    return 0;
  }
  int port() const override { return port_; }

 private:
  Response answer(const httplib::Request& from) const {
    if (from.path.size() > kLongestPath) return {414, "text/plain", "the path is too long\n"};
    Request request{
        from.method, from.path, {from.params.begin(), from.params.end()}, {}, from.body};
    for (const auto& [name, value] : from.headers) request.headers.emplace(lower(name), value);
    return spec_.answer(request);
  }

  void give(Response from, httplib::Response& to) const {
    to.status = from.status;
    for (const auto& [name, value] : from.headers) to.set_header(name, value);
    if (!from.stream) {
      to.set_content(from.body, from.type);
      return;
    }
    to.set_chunked_content_provider(
        from.type, [next = std::move(from.stream)](std::size_t, httplib::DataSink& sink) {
          std::string piece;
          const bool goes_on = next(piece);
          if (!piece.empty() && !sink.write(piece.data(), piece.size())) return false;
          if (!goes_on) sink.done();
          return true;
        });
  }

  bool process_and_close_socket(socket_t socket) override {
    SocketStream stream(socket, spec_);
    if (Threads::has_no_room) {
      stream.write(
          std::string("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                      "Retry-After: 5\r\nContent-Length: 0\r\n\r\n"));
      char unread[4096];  // what is left in it would take the answer back
      static_cast<void>(::recv(socket, unread, sizeof unread, MSG_DONTWAIT));
    } else {
      // Answers go as they are: to compress them takes longer than loopback does to carry them.
      const auto plain = [](httplib::Request& request) {
        request.headers.erase("Accept-Encoding");
      };
      bool closed = false, went_well = true;
      while (!closed && went_well && !is_stopping_ && wait(stream))
        went_well = process_request(stream, false, closed, plain);
    }
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
    return true;
  }

  // In short turns, so that the server's end waits for none.
  bool wait(SocketStream& stream) const {
    for (int second = 0; second < kIdleSeconds && !is_stopping_; ++second) {
      if (stream.wait_for_request(1)) return true;
    }
    return false;
  }

  HttpSpec spec_;
  int port_ = 0;
  socket_t listening_ = -1;  // httplib's own, by the last look at it
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

}  // namespace
}  // namespace fdl::serve

extern "C" fdl::serve::HttpServer* fdl_start_http(const fdl::serve::HttpSpec& spec,
                                                  int& why) noexcept {
  try {
    auto server = std::make_unique<fdl::serve::Server>(spec);
    why = server->start();
    if (why == 0) return server.release();
    why = std::max(why, 0);
  } catch (const std::exception&) {
    why = ENOMEM;
  }
  return nullptr;
}
