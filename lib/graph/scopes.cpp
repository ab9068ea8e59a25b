#include "lib/graph/scopes.h"

namespace fdl::graph {

std::string PathScope::join(const std::string& name) const {
  return prefix_.empty() ? name : prefix_ + "." + name;
}

std::string PathScope::next(const std::string& kind) {
  return kind + "_" + std::to_string(counters_[kind]++);
}

const TagScope::Tag* TagScope::find(const std::string& name) const {
  for (const TagScope* scope = this; scope != nullptr; scope = scope->parent_) {
    const auto found = scope->tags_.find(name);
    if (found != scope->tags_.end()) return &found->second;
  }
  return nullptr;
}

std::optional<TagScope::Tag> TagScope::define(const std::string& name, Tag tag) {
  const auto [it, is_new] = tags_.emplace(name, std::move(tag));
  if (is_new) return std::nullopt;
  return it->second;
}

std::vector<std::string> TagScope::names() const {
  std::vector<std::string> out;
  for (const TagScope* scope = this; scope != nullptr; scope = scope->parent_) {
    for (const auto& [name, tag] : scope->tags_) out.push_back(name);
  }
  return out;
}

}  // namespace fdl::graph
