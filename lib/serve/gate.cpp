#include "lib/serve/gate.h"

#include <algorithm>
#include <random>

#include <nlohmann/json.hpp>

#include "lib/monitor/part_json.h"

namespace fdl::serve {
namespace {

constexpr std::string_view kCookie = "fdl_token=";

// As long for each wrong text of that length, so that time tells nothing.
bool is_same(const std::string& given, const std::string& wanted) {
  if (given.size() != wanted.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < given.size(); ++i)
    different |= static_cast<unsigned>(given[i]) ^ static_cast<unsigned>(wanted[i]);
  return different == 0;
}

std::string cookie_token(const std::string& header) {
  const std::size_t at = header.find(kCookie);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + kCookie.size();
  return header.substr(begin, std::min(header.find(';', begin), header.size()) - begin);
}

}  // namespace

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string random_token() {
  std::random_device bits;
  std::string out;
  for (int i = 0; i < 4; ++i) out += fmt::format("{:08x}", bits());
  return out;
}

Response refusal(int status, const std::string& what, const std::string& help) {
  return {status, "application/json", monitor::to_line({{"error", what}, {"help", help}}) + "\n"};
}

Gate::Gate(std::string host, int port, std::string token)
    : is_local_(is_loopback(host)), port_(port), host_(std::move(host)), token_(std::move(token)) {}

bool Gate::is_ours(const std::string& host) const {
  const std::string port = fmt::format(":{}", port_);
  const std::string name = host.ends_with(port) ? host.substr(0, host.size() - port.size()) : host;
  if (name == host && port_ != 80) return false;  // browsers leave only that port out
  if (name == "localhost" || name == "127.0.0.1" || name == "[::1]") return true;
  // Bound to all addresses, it cannot know its names; there the token keeps others out.
  const bool is_any = host_ == "0.0.0.0" || host_ == "::";
  return is_any || name == host_ || name == "[" + host_ + "]";
}

bool Gate::has_token(const Request& request) const {
  return is_same(request.header("x-fdl-token"), token_) ||
         is_same(cookie_token(request.header("cookie")), token_) ||
         is_same(request.parameter("token"), token_);
}

std::optional<Response> Gate::refuse(const Request& request) const {
  if (!is_ours(request.header("host")))
    return refusal(403, fmt::format("'{}' is not where this is served", request.header("host")),
                   fmt::format("open http://{}:{}/", is_local_ ? "127.0.0.1" : host_, port_));
  const std::string origin = request.header("origin");
  const bool is_from_here =
      origin.empty() || (origin.starts_with("http://") && is_ours(origin.substr(7)));
  if (!is_from_here)
    return refusal(403, fmt::format("pages of '{}' may not ask here", origin),
                   "only the dashboard's own page may");
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && request.method != "POST")
    return refusal(405, fmt::format("'{}' is not answered here", request.method),
                   "GET reads, POST asks for a change");
  if (reads && (is_local_ || has_token(request))) return std::nullopt;
  // A cookie goes along with what other pages of this machine make the browser send.
  if (!reads && is_same(request.header("x-fdl-token"), token_)) return std::nullopt;
  return refusal(401, "this needs the token",
                 "`fdl` printed it at its start; the header X-FDL-Token takes it");
}

}  // namespace fdl::serve
