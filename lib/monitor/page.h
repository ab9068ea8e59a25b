#pragma once

#include <string>
#include <string_view>

// The page that shows runs: one HTML text with its style, its scripts and a plot library in it.
namespace fdl::monitor {

// Live: it asks the server that it comes from.
std::string live_page();
// What the server says with it: what it may load and run is the text above, and nothing else.
std::string page_policy();

// Offline, with all that it shows: `data` is the JSON of docs/adr/0061 ("reports").
std::string offline_page(std::string_view data);

}  // namespace fdl::monitor
