#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/config/tree.h"

namespace fdl::config {

// A map in which one of several variants is chosen by its key (an optimizer, a data source, a
// step's module): another variant in an upper layer replaces the lower one whole. `pattern` is a
// dotted path in which `*` is one segment and a leading `**` any number of them.
struct VariantMap {
  std::string pattern;
  std::vector<std::string> common_keys;  // keys beside the variant, which merge as usual
  // Where the language allows another map at that place too: whether `base`, the value of the key
  // `key`, is one of variants once `upper` is laid over it.
  std::function<bool(const std::string& key, const Node& base, const Node& upper)> applies = {};
};

// What merging must know of the language.
struct MergeRules {
  std::vector<VariantMap> variants;
  std::vector<std::string> preset_sections;  // the keys of a command that change the job
};

// A value that an upper layer's null took away.
struct Deletion {
  std::string path;
  Span by;   // the null
  Span was;  // what it deleted
};

// Lays `upper` over `base`: maps merge by key, scalars and lists replace, null deletes, `key+:`
// appends, `key!:` replaces a map whole. Problems: FDL1110.
void merge(Node& base, const Node& upper, const MergeRules& rules, std::vector<Deletion>& deletions,
           Diagnostics& problems);

// Turns top-level keys with dots into nested values ("training.epochs: 3"), joined with what else
// the layer says there. A list index makes a list-edit entry that only merge understands.
// Problems: FDL1002, a value that is named twice.
void expand_dotted_keys(Node& layer, Diagnostics& problems);

// Forgets the `+` and `!` of a lowest layer, but for those in `commands`: presets are layers still.
void settle_modes(Node& lowest);

}  // namespace fdl::config
