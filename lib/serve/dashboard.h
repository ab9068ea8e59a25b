#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace fdl::serve {

struct DashboardSpec {
  std::filesystem::path folder;               // of runs
  std::vector<std::filesystem::path> chosen;  // only these of them; all when it is empty
  std::filesystem::path opened;               // the run to show first, or ""
  std::string host = "127.0.0.1";
  int port = 0;       // 0: any that is free
  std::string token;  // a new one when it is ""
};

// Serves the page, and what it asks for, until its end. It only reads; runs are asked to stop or to
// save by signals.
class Dashboard {
 public:
  // Errors: those of start_http.
  static Result<std::unique_ptr<Dashboard>> start(const DashboardSpec& spec);
  ~Dashboard();

  std::string address() const;  // "http://127.0.0.1:3000/"
  const std::string& token() const;
  bool reading_needs_token() const;

 private:
  struct Parts;
  explicit Dashboard(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fdl::serve
