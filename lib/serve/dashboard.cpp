#include "lib/serve/dashboard.h"

#include "lib/monitor/page.h"
#include "lib/serve/gate.h"
#include "lib/serve/routes.h"

namespace fdl::serve {
namespace {

// What each answer says about itself to a browser.
void add_safety(Response& response) {
  response.headers.insert(
      response.headers.end(),
      {{"Content-Security-Policy", monitor::page_policy() + "; frame-ancestors 'none'"},
       {"X-Content-Type-Options", "nosniff"},
       {"Referrer-Policy", "no-referrer"},
       {"Cross-Origin-Resource-Policy", "same-origin"},
       {"Cross-Origin-Opener-Policy", "same-origin"},
       {"Cache-Control", "no-store"}});
}

}  // namespace

struct Dashboard::Parts {
  explicit Parts(const DashboardSpec& given)
      : spec(given),
        runs(spec.folder, spec.chosen),
        routes(runs, spec.opened.empty() ? "" : runs.id_of(spec.opened)) {}

  Response answer(const Request& request) {
    auto refused = gate->refuse(request);
    Response out = refused ? *std::move(refused) : routes.answer(request);
    // A reader who came with the token in the address needs it no more.
    const bool has_come = !refused && gate->reading_needs_token() && request.path == "/" &&
                          !request.parameter("token").empty();
    if (has_come)
      out.headers.emplace_back(
          "Set-Cookie", "fdl_token=" + gate->token() + "; HttpOnly; SameSite=Strict; Path=/");
    add_safety(out);
    return out;
  }

  DashboardSpec spec;
  runs::RunList runs;
  Routes routes;
  std::optional<Gate> gate;
  std::atomic<bool> is_open{false};
  std::unique_ptr<HttpServer> server;  // last: it ends first
};

Dashboard::Dashboard(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Dashboard::~Dashboard() {
  parts_->routes.stop();
  parts_->server.reset();
}

Result<std::unique_ptr<Dashboard>> Dashboard::start(const DashboardSpec& spec) {
  auto parts = std::make_unique<Parts>(spec);
  HttpSpec http;
  http.host = spec.host;
  http.port = spec.port;
  http.answer = [at = parts.get()](const Request& request) {
    // The gate knows the port only when there is one.
    return at->is_open ? at->answer(request) : refusal(503, "it is about to start", "try again");
  };
  auto server = start_http(http);
  if (!server) return fail(server.error());
  parts->gate.emplace(spec.host, (*server)->port(),
                      spec.token.empty() ? random_token() : spec.token);
  parts->is_open = true;
  parts->server = *std::move(server);
  return std::unique_ptr<Dashboard>(new Dashboard(std::move(parts)));
}

std::string Dashboard::address() const {
  const std::string& host = parts_->spec.host;
  const bool is_any = host == "0.0.0.0" || host == "::";
  const std::string shown = is_any                                ? "127.0.0.1"
                            : host.find(':') != std::string::npos ? "[" + host + "]"
                                                                  : host;
  return fmt::format("http://{}:{}/", shown, parts_->server->port());
}

const std::string& Dashboard::token() const { return parts_->gate->token(); }

bool Dashboard::reading_needs_token() const { return parts_->gate->reading_needs_token(); }

}  // namespace fdl::serve
