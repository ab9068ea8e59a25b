#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/serve/http.h"

namespace fdl::serve {

// Who may ask for what. A page on another site can make a browser send requests here, and by a name
// of its own that points at this address (DNS rebinding) even read the answers: so Host must be
// ours, and Origin too where there is one. What changes something needs the token; on an address
// that others reach, reading does as well.
class Gate {
 public:
  // `host` and `port` as bound; `token` is never empty.
  Gate(std::string host, int port, std::string token);

  // The answer to who may not ask this; empty when it may be answered.
  std::optional<Response> refuse(const Request& request) const;
  bool reading_needs_token() const { return !is_local_; }
  const std::string& token() const { return token_; }

 private:
  bool is_ours(const std::string& host) const;  // "127.0.0.1:3000"
  bool has_token(const Request& request) const;

  bool is_local_;
  int port_;
  std::string host_, token_;
};

// Whether an address is reached from this machine only.
bool is_loopback(const std::string& host);

// Of 128 random bits, as 32 hexadecimal digits.
std::string random_token();

// {"error": ..., "help": ...}
Response refusal(int status, const std::string& what, const std::string& help);

}  // namespace fdl::serve
