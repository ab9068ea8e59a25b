#include "lib/serve/gate.h"

#include <set>

#include <doctest/doctest.h>

namespace fdl::serve {
namespace {

Request request(const std::string& method, std::map<std::string, std::string> headers,
                std::multimap<std::string, std::string> query = {}) {
  headers.try_emplace("host", "127.0.0.1:3000");
  return {method, "/api/runs", std::move(query), std::move(headers), ""};
}

int status(const Gate& gate, const Request& asked) {
  const auto refused = gate.refuse(asked);
  return refused ? refused->status : 200;
}

}  // namespace

TEST_CASE("on this machine anyone may read, by an address that is ours") {
  const Gate gate("127.0.0.1", 3000, "secret");
  CHECK(!gate.reading_needs_token());
  CHECK(status(gate, request("GET", {})) == 200);
  CHECK(status(gate, request("HEAD", {})) == 200);
  CHECK(status(gate, request("GET", {{"host", "localhost:3000"}})) == 200);
  CHECK(status(gate, request("GET", {{"host", "[::1]:3000"}})) == 200);
}

TEST_CASE("a name that another site points here is refused") {
  const Gate gate("127.0.0.1", 3000, "secret");
  for (const char* host :
       {"", "evil.example", "evil.example:3000", "127.0.0.1", "127.0.0.1:3001",
        "127.0.0.1:3000.evil.example", "evil.example:3000@127.0.0.1:3000", "localhost:3000:3000",
        "127.0.0.1:30000", "0.0.0.0:3000", "127.0.0.1.:3000", "LOCALHOST.evil:3000"}) {
    CAPTURE(host);
    CHECK(status(gate, request("GET", {{"host", host}})) == 403);
    CHECK(status(gate, request("GET", {{"host", host}, {"x-fdl-token", "secret"}})) == 403);
  }
}

TEST_CASE("a page of another site is refused, even with the token") {
  const Gate gate("127.0.0.1", 3000, "secret");
  CHECK(status(gate, request("GET", {{"origin", "http://127.0.0.1:3000"}})) == 200);
  CHECK(status(gate, request("GET", {{"origin", "http://localhost:3000"}})) == 200);
  for (const char* origin :
       {"null", "http://evil.example", "https://127.0.0.1:3000", "http://127.0.0.1:3001",
        "http://127.0.0.1:3000.evil.example", "http://127.0.0.1", "file://", "127.0.0.1:3000"}) {
    CAPTURE(origin);
    CHECK(status(gate, request("GET", {{"origin", origin}})) == 403);
    CHECK(status(gate, request("POST", {{"origin", origin}, {"x-fdl-token", "secret"}})) == 403);
  }
}

TEST_CASE("what changes something needs the token in its header") {
  const Gate gate("127.0.0.1", 3000, "secret");
  CHECK(status(gate, request("POST", {})) == 401);
  CHECK(status(gate, request("POST", {{"x-fdl-token", "secreT"}})) == 401);
  CHECK(status(gate, request("POST", {{"x-fdl-token", "secret "}})) == 401);
  CHECK(status(gate, request("POST", {{"x-fdl-token", ""}})) == 401);
  CHECK(status(gate, request("POST", {{"x-fdl-token", "secret"}})) == 200);
  // A browser sends cookies, and follows links, for any page that asks it to.
  CHECK(status(gate, request("POST", {{"cookie", "fdl_token=secret"}})) == 401);
  CHECK(status(gate, request("POST", {}, {{"token", "secret"}})) == 401);
}

TEST_CASE("other methods are refused") {
  const Gate gate("127.0.0.1", 3000, "secret");
  for (const char* method : {"PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "get", ""})
    CHECK(status(gate, request(method, {{"x-fdl-token", "secret"}})) == 405);
}

TEST_CASE("on an address that others reach, reading needs the token too") {
  const Gate gate("10.0.0.5", 3000, "secret");
  CHECK(gate.reading_needs_token());
  const auto asks = [&](std::map<std::string, std::string> headers,
                        std::multimap<std::string, std::string> query = {}) {
    headers.try_emplace("host", "10.0.0.5:3000");
    return status(gate, request("GET", std::move(headers), std::move(query)));
  };
  CHECK(asks({}) == 401);
  CHECK(asks({{"x-fdl-token", "secret"}}) == 200);
  CHECK(asks({{"cookie", "a=b; fdl_token=secret; c=d"}}) == 200);
  CHECK(asks({{"cookie", "fdl_token=secre"}}) == 401);
  CHECK(asks({}, {{"token", "secret"}}) == 200);
  CHECK(asks({{"host", "10.0.0.6:3000"}, {"x-fdl-token", "secret"}}) == 403);
  const Gate any("0.0.0.0", 3000, "secret");
  CHECK(any.reading_needs_token());
  CHECK(status(any, request("GET", {{"host", "my-machine:3000"}, {"x-fdl-token", "secret"}})) ==
        200);
  CHECK(status(any, request("GET", {{"host", "my-machine:3000"}})) == 401);
}

TEST_CASE("no two tokens are alike") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string token = random_token();
    CHECK(token.size() == 32);
    CHECK(token.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(seen.insert(token).second);
  }
}

}  // namespace fdl::serve
