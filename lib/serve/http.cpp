#include "lib/serve/http.h"

#include <cerrno>
#include <cstring>

#include "lib/base/plugin.h"
#include "lib/serve/http_plugin.h"

namespace fdl::serve {

std::string Request::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found != headers.end() ? found->second : "";
}

std::string Request::parameter(const std::string& name) const {
  const auto found = query.find(name);
  return found != query.end() ? found->second : "";
}

Result<std::unique_ptr<HttpServer>> start_http(const HttpSpec& spec) {
  constexpr const char* kName = "libfdl_http.so";
  const PluginFunction found = find_plugin_function(kName, FDL_HTTP_BUILT, "fdl_start_http");
  if (found.address == nullptr)
    return fail(error(Code::CannotRead, {}, "cannot load '{}': {}", kName, found.reason)
                    .help("it belongs beside the fdl program; build fdl again"));
  int why = 0;
  HttpServer* const server = reinterpret_cast<StartHttp>(found.address)(spec, why);
  if (server != nullptr) return std::unique_ptr<HttpServer>(server);
  return fail(error(Code::CannotListen, {}, "cannot listen on {}:{}: {}", spec.host, spec.port,
                    why != 0 ? std::strerror(why) : "it is no address of this machine")
                  .help("another port may be free; port 0 takes one that is"));
}

}  // namespace fdl::serve
