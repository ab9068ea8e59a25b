#pragma once

#include <string>

#include "lib/config/tree.h"

// What `val` and `test` may be: one set, or several by name.
namespace fdl::job {

// `{clean: {csv: ...}, noisy: {csv: ...}}`: no key says what a set is, but those below do.
bool is_several(const config::Node& node);

// For merging: whether `val`, or a map under one of its keys, chooses a source once `upper` is laid
// over it, rather than sets by name, or the parameters of a source.
bool is_one_set(const std::string& key, const config::Node& base, const config::Node& upper);
bool is_named_set(const std::string& key, const config::Node& base, const config::Node& upper);

}  // namespace fdl::job
