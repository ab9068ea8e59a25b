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
    if (const Tag* found = scope->find_here(name)) return found;
  }
  return nullptr;
}

const TagScope::Tag* TagScope::find_here(const std::string& name) const {
  const auto found = tags_.find(name);
  return found != tags_.end() ? &found->second : nullptr;
}

std::optional<TagScope::Tag> TagScope::define(const std::string& name, Tag tag) {
  const auto [it, is_new] = tags_.emplace(name, std::move(tag));
  if (is_new) return std::nullopt;
  return it->second;
}

std::vector<std::string> TagScope::names() const {
  std::vector<std::string> out;
  for (const TagScope* scope = this; scope != nullptr; scope = scope->parent_) {
    for (const std::string& name : scope->names_here()) out.push_back(name);
  }
  return out;
}

std::vector<std::string> TagScope::names_here() const {
  std::vector<std::string> out;
  for (const auto& [name, tag] : tags_) out.push_back(name);
  return out;
}

}  // namespace fdl::graph
