#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "lib/runs/feed.h"
#include "lib/runs/run_list.h"
#include "lib/serve/http.h"

namespace fdl::serve {

// The runs that somebody looks at. A thread reads them on; who looks at none for a while has its
// memory given back. For several threads at once.
class Feeds {
 public:
  Feeds();
  ~Feeds();
  std::shared_ptr<runs::Feed> of(const std::string& id, const std::filesystem::path& run);
  void read_now();

 private:
  using Clock = std::chrono::steady_clock;
  struct Held {
    std::shared_ptr<runs::Feed> feed;
    Clock::time_point used;
  };
  void read_on();
  void forget_unused();

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_over_ = false;
  std::map<std::string, Held> held_;
  std::thread thread_;
};

// The answers of docs/adr/0061, to those whom the gate lets in.
class Routes {
 public:
  // `opened`: the id of the run to show first, or "".
  Routes(runs::RunList& runs, std::string opened);

  Response answer(const Request& request);
  // Streams send what is recorded so far, and end.
  void stop();

 private:
  Response get(const Request& request);
  Response post(const Request& request, const std::filesystem::path& run);
  Response list();
  Response document(const Request& request, const std::filesystem::path& run);
  Response events(const Request& request, const std::filesystem::path& run);
  Response series(const Request& request, const std::filesystem::path& run);
  Response differences(const Request& request);
  Response sample(const Request& request, const std::filesystem::path& run);
  Response note(const Request& request, const std::filesystem::path& run);
  std::shared_ptr<runs::Feed> feed(const Request& request, const std::filesystem::path& run);

  runs::RunList& runs_;
  std::string opened_;
  Feeds feeds_;
  std::atomic<bool> is_over_{false};
};

// All runs that run, and their last numbers, in Prometheus' text format.
std::string prometheus_text(runs::RunList& runs, Feeds& feeds);

}  // namespace fdl::serve
