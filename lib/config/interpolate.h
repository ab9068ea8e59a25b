#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/config/tree.h"

namespace fdl::config {

using Environment = std::map<std::string, std::string>;

// Values of bare names (`${out}`, `${index}`): a module's params, a repeat's index.
struct NameScope {
  const NameScope* parent = nullptr;
  std::map<std::string, Node> values;

  const Node* find(const std::string& name) const;
  std::vector<std::string> names() const;
};

// The sections whose bare names are bound when the graph is built, and only there.
const std::vector<std::string>& late_sections();

// Writes `$${` for every `${` in a value that is resolved, so that it is not read as a reference
// again.
void escape_references(Node& node);

// Resolves `${...}`: dotted names are paths in `root`, `${env:NAME:-default}` reads
// `environment`, and + - * / // % ( ) work on numbers. A scalar that is one reference takes over
// the referenced value whole, with both places kept. `$${` stands for `${`; in the sections of
// late_sections() it stays until resolve(). Problems: FDL1105, FDL1106, FDL1107, FDL1111.
class Interpolator {
 public:
  Interpolator(Node& root, const Environment& environment, Diagnostics& problems)
      : root_(root), environment_(environment), problems_(problems) {}

  // Resolves all of the root in place. Bare names inside the sections of `deferred` stay as they
  // are, for resolve() to bind later; elsewhere they are a problem.
  void resolve_root(const std::vector<std::string>& deferred_sections);

  // A copy of `node`, itself or anything below it, with bare names bound by `scope`.
  Node resolve(const Node& node, const NameScope& scope);

 private:
  struct Outcome;  // of one `${...}`
  class Expression;

  bool may_copy(const Node& node, const std::string& name, const Span& at);

  void resolve_in_place(Node& node, bool deferred);
  bool resolve_scalar(Node& node, const NameScope* scope, bool deferred);
  std::optional<Node> look_up_path(const std::string& path, const Span& at);
  std::optional<Node> look_up_environment(const std::string& text, const Span& at);
  std::optional<Node> look_up(const std::string& name, const NameScope* scope, const Span& at);

  Node& root_;
  const Environment& environment_;
  Diagnostics& problems_;
  std::vector<std::pair<const Node*, std::string>> resolving_;  // with the path that led there
  std::set<const Node*> failed_;                                // reported once, not again
  std::size_t num_copied_bytes_ = 0;                            // of this resolve_root or resolve
  bool has_reported_size_ = false;
};

}  // namespace fdl::config
