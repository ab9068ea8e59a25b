#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/result.h"

// HTTP on a socket, with bounds on all that comes from outside. It knows nothing of runs.
namespace fdl::serve {

struct Request {
  std::string method, path;  // "GET", "/api/runs"
  std::multimap<std::string, std::string> query;
  std::map<std::string, std::string> headers;  // by names in lower case; the first of each
  std::string body;

  // "" when absent.
  std::string header(const std::string& name) const;
  std::string parameter(const std::string& name) const;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  // Where set, it gives the body in pieces: called again and again on a thread of its own, it waits
  // for the next ("" when there is none yet), and says whether there may be more.
  std::function<bool(std::string& piece)> stream = {};
};

struct HttpSpec {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any that is free
  std::function<Response(const Request&)> answer;
  // What no connection may go beyond.
  std::size_t most_connections = 256;
  std::size_t most_head_bytes = 32 << 10;
  std::size_t most_body_bytes = 64 << 10;
  int request_seconds = 10;  // from its first byte to its last
  int write_seconds = 5;     // that a piece may wait for a reader
};

// Serves from its making to its end, on threads of its own.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual int port() const = 0;
};

// Loads libfdl_http.so, which alone links cpp-httplib. Errors: FDL5001 (it is missing), FDL5450
// (the port is taken, or the address is none of ours).
Result<std::unique_ptr<HttpServer>> start_http(const HttpSpec& spec);

}  // namespace fdl::serve
