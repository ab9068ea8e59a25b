#include "lib/weights/matching.h"

#include <algorithm>
#include <map>
#include <set>

#include "lib/base/closest.h"

namespace fdl::weights {
namespace {

// Longer names are left as they are: they match nothing in a model, and rules cost time.
constexpr std::size_t kLongestRenamed = 512;
constexpr std::size_t kMostNamed = 5;
constexpr std::size_t kMostCompared = 2000;

// The name after prefix and rules; empty when the tensor does not count.
std::optional<std::string> renamed(const Request& request, std::string name) {
  if (!name.starts_with(request.prefix)) return std::nullopt;
  name.erase(0, request.prefix.size());
  for (const RenameRule& rule : request.renames) {
    if (name.size() <= kLongestRenamed) name = rule.match.replace_all(name, rule.replacement);
  }
  if (request.only && !request.only->matches(name)) return std::nullopt;
  return name;
}

// For a message: a hostile file may have names of any length.
std::string shown(const std::string& name) {
  constexpr std::size_t kMostShown = 160;
  return name.size() <= kMostShown ? name : name.substr(0, kMostShown) + "...";
}

using ByName = std::map<std::string, std::size_t>;

ByName names_in(const Request& request, const WeightFiles& files, Matching& out) {
  ByName names;
  for (std::size_t i = 0; i < files.tensors.size(); ++i) {
    const std::optional<std::string> name = renamed(request, files.tensors[i].name);
    if (name && !names.emplace(*name, i).second) out.collisions.push_back(*name);
  }
  return names;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void note_rest(std::size_t num_all, std::string_view what, Diagnostic& d) {
  if (num_all > kMostNamed)
    d.notes.push_back({fmt::format("and {} more {}", num_all - kMostNamed, what), {}});
}

void note_missing(const Matching& found, Diagnostic& d) {
  std::vector<std::string> others;
  for (const std::string& name : found.unexpected) {
    if (name.size() <= kLongestRenamed && others.size() < kMostCompared) others.push_back(name);
  }
  for (std::size_t i = 0; i < std::min(found.missing.size(), kMostNamed); ++i) {
    std::string text = fmt::format("missing in the file: '{}'", found.missing[i]);
    if (const auto near = closest(found.missing[i], others))
      text += fmt::format("; it has '{}', which the model does not know", *near);
    d.notes.push_back({std::move(text), {}});
  }
  note_rest(found.missing.size(), "that are missing", d);
}

// A prefix under which the file has a name that is missing: "bert." for "bert.encoder.weight".
std::optional<std::string> likely_prefix(const Request& request, const WeightFiles& files,
                                         const Matching& found) {
  if (found.missing.empty() || !request.prefix.empty()) return std::nullopt;
  const std::string ending = "." + found.missing.front();
  for (const StoredTensor& tensor : files.tensors) {
    if (tensor.name.ends_with(ending))
      return tensor.name.substr(0, tensor.name.size() - ending.size() + 1);
  }
  return std::nullopt;
}

Diagnostic with_help(Diagnostic d, const Request& request, const WeightFiles& files,
                     const Matching& found) {
  if (const auto prefix = likely_prefix(request, files, found))
    return std::move(d).help("did you mean load: {{ from: {}, prefix: \"{}\" }}?", request.shown,
                             shown(*prefix));
  if (found.taken.empty())
    return std::move(d).help(
        "`fdl ckpt show` lists the names in the file; `rename` and `prefix` "
        "change them");
  return std::move(d).help(
      "`rename` and `prefix` change the file's names; `strict: false` loads "
      "what fits");
}

}  // namespace

std::string Matching::summary() const {
  return fmt::format("{} loaded, {} missing, {} unexpected, {} of another shape", taken.size(),
                     missing.size(), unexpected.size(), mismatched.size());
}

Matching match(const Request& request, const WeightFiles& files, std::span<const Target> targets) {
  Matching out;
  const ByName names = names_in(request, files, out);
  std::set<std::string> used;
  std::set<std::size_t> done;  // tensors that are loaded, or have another shape in the file
  for (const Target& target : targets) {
    const auto it = names.find(target.name);
    if (it == names.end()) continue;
    used.insert(target.name);
    if (!done.insert(target.tensor).second) continue;
    const StoredTensor& stored = files.tensors[it->second];
    if (stored.shape == target.shape)
      out.taken.push_back({target.tensor, it->second});
    else
      out.mismatched.push_back({target.name, stored.shape, target.shape});
  }
  for (const Target& target : targets) {
    if (done.insert(target.tensor).second) out.missing.push_back(target.name);
  }
  for (const auto& [name, stored] : names) {
    if (used.count(name) == 0) out.unexpected.push_back(name);
  }
  return out;
}

std::optional<Diagnostic> problem_of(const Request& request, const WeightFiles& files,
                                     const Matching& found, const std::string& path) {
  const auto named = [](const std::vector<std::string>& list) {
    return std::min(list.size(), kMostNamed);
  };
  if (!found.collisions.empty()) {
    return error(Code::WeightsMismatch, request.span,
                 "several tensors of '{}' have the name '{}' once they are renamed", request.shown,
                 shown(found.collisions.front()))
        .help("make the rules under `rename` more exact, or choose by `prefix`");
  }
  const bool fits = found.missing.empty() && found.unexpected.empty() && found.mismatched.empty();
  if (!found.taken.empty() && (fits || !request.strict)) return std::nullopt;
  Diagnostic d = found.taken.empty()
                     ? error(Code::WeightsMismatch, request.span, "'{}' has nothing for {}",
                             request.shown, path)
                     : error(Code::WeightsMismatch, request.span, "'{}' does not fit {}: {}",
                             request.shown, path, found.summary());
  for (std::size_t i = 0; i < std::min(found.mismatched.size(), kMostNamed); ++i) {
    const Mismatch& one = found.mismatched[i];
    d.notes.push_back({fmt::format("'{}' is {} in the file, {} here", one.name,
                                   shape_text(one.in_file), shape_text(one.in_model)),
                       {}});
  }
  note_rest(found.mismatched.size(), "of another shape", d);
  note_missing(found, d);
  for (std::size_t i = 0; i < named(found.unexpected); ++i)
    d.notes.push_back({fmt::format("unknown to the model: '{}'", shown(found.unexpected[i])), {}});
  note_rest(found.unexpected.size(), "that the model does not know", d);
  return with_help(std::move(d), request, files, found);
}

}  // namespace fdl::weights
