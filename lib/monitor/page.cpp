#include "lib/monitor/page.h"

#include <fmt/format.h>

#include "lib/base/check.h"
#include "lib/base/sha256.h"

namespace fdl::monitor {

// Written by cmake/embed_page.cmake from lib/monitor/page.
extern const char* const kPageHtml;
extern const char* const kPageStyle;
extern const char* const kPageScript;

namespace {

void put(std::string& page, std::string_view place, const std::string& text) {
  const std::size_t at = page.find(place);
  FDL_CHECK(at != std::string::npos);
  page.replace(at, place.size(), text);
}

// JSON in a script element: nothing in it may look like the element's end, or a comment's
// beginning.
std::string escaped(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

std::string page_with(const std::string& head, const std::string& data) {
  std::string out = kPageHtml;
  put(out, "<!--fdl:style-->", head + "<style>" + kPageStyle + "</style>");
  put(out, "<!--fdl:data-->", data);
  put(out, "<!--fdl:script-->", std::string("<script>") + kPageScript + "</script>");
  return out;
}

}  // namespace

std::string page_policy() {
  static const std::string policy = fmt::format(
      "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; "
      "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'",
      sha256_base64(kPageScript), sha256_base64(kPageStyle));
  return policy;
}

std::string live_page() {
  static const std::string page = page_with("", "");
  return page;
}

std::string offline_page(std::string_view data) {
  const std::string policy =
      "<meta http-equiv=\"Content-Security-Policy\" content=\"" + page_policy() + "\">\n";
  return page_with(
      policy, "<script type=\"application/json\" id=\"fdl-data\">" + escaped(data) + "</script>");
}

}  // namespace fdl::monitor
