#include <nlohmann/json.hpp>

#include "commands/ckpt/ckpt.h"
#include "lib/base/files.h"
#include "lib/graph/description.h"
#include "lib/weights/difference.h"

namespace fdl::commands {
namespace {

using nlohmann::ordered_json;

// Of a checkpoint that has recorded its graph.
std::optional<graph::Description> description_of(const weights::WeightFiles& files) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 28;
  if (files.checkpoint.empty()) return std::nullopt;
  const Result<std::string> text = read_file(files.checkpoint / "graph.json", kMostBytes);
  return text ? graph::parse_description(*text) : std::nullopt;
}

std::vector<std::string> graph_differences(const weights::WeightFiles& a,
                                           const weights::WeightFiles& b) {
  const auto graph_a = description_of(a), graph_b = description_of(b);
  if (!graph_a || !graph_b) return {};
  return graph::differences(*graph_a, *graph_b, {"in A", "in B"});
}

std::string json_text(const weights::Difference& found, const std::vector<std::string>& graph) {
  ordered_json out = {{"equal", found.is_empty() && graph.empty()},
                      {"graph", graph},
                      {"only_a", found.only_a},
                      {"only_b", found.only_b}};
  out["types"] = ordered_json::array();
  for (const auto& one : found.types)
    out["types"].push_back({{"path", one.name}, {"a", one.a}, {"b", one.b}});
  out["values"] = ordered_json::array();
  for (const auto& one : found.values) {
    out["values"].push_back({{"path", one.name},
                             {"num_different", one.num_different},
                             {"num_elements", one.num_elements},
                             {"max_difference", one.most}});
  }
  out["num_equal"] = found.num_equal;
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string plain_text(const weights::Difference& found, const std::vector<std::string>& graph) {
  std::string out;
  for (const std::string& text : graph) out += "graph: " + text + "\n";
  for (const std::string& name : found.only_a) out += fmt::format("only in A: '{}'\n", name);
  for (const std::string& name : found.only_b) out += fmt::format("only in B: '{}'\n", name);
  for (const auto& one : found.types)
    out += fmt::format("'{}' is {} in A, {} in B\n", one.name, one.a, one.b);
  for (const auto& one : found.values)
    out += fmt::format("'{}': {} of {} values differ, by at most {:.6g}\n", one.name,
                       one.num_different, one.num_elements, one.most);
  return out + fmt::format("{} tensor{} equal\n", found.num_equal,
                           found.num_equal == 1 ? " is" : "s are");
}

}  // namespace

int diff_checkpoints(const CkptOptions& options, Context& context) {
  const auto a = open_named(options.names[0], context);
  if (!a) return context.fail(a.error(), options.json);
  const auto b = open_named(options.names[1], context);
  if (!b) return context.fail(b.error(), options.json);
  const auto found = weights::difference(*a, *b);
  if (!found) return context.fail(found.error(), options.json);
  const std::vector<std::string> graph = graph_differences(*a, *b);
  const std::string sides =
      fmt::format("A is {}\nB is {}\n", shown_place(*a, context), shown_place(*b, context));
  context.print(options.json ? json_text(*found, graph) : sides + plain_text(*found, graph));
  return found->is_empty() && graph.empty() ? 0 : 1;
}

}  // namespace fdl::commands
