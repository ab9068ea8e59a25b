#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/weights/request.h"
#include "lib/weights/weight_files.h"

// Which tensor of a file fills which tensor of a model.
namespace fdl::weights {

// A name under which a tensor of the model may be in the file. Tied tensors have several.
struct Target {
  std::string name;
  std::size_t tensor = 0;  // the caller's number of it
  std::vector<std::int64_t> shape;
};

struct Taken {
  std::size_t tensor = 0;  // Target::tensor
  std::size_t stored = 0;  // index into WeightFiles::tensors
};

struct Mismatch {
  std::string name;
  std::vector<std::int64_t> in_file, in_model;
};

struct Matching {
  std::vector<Taken> taken;                      // each tensor of the model at most once
  std::vector<std::string> missing, unexpected;  // names after renaming
  std::vector<Mismatch> mismatched;
  std::vector<std::string> collisions;  // names that several tensors of the file have

  // "199 loaded, 2 missing, 0 unexpected, 0 mismatched".
  std::string summary() const;
};

Matching match(const Request& request, const WeightFiles& files, std::span<const Target> targets);

// FDL5212 for what `match` found, with the nearest names; empty when all is as the request wants
// it. `path`: how messages call the part of the model that is filled.
std::optional<Diagnostic> problem_of(const Request& request, const WeightFiles& files,
                                     const Matching& found, const std::string& path);

}  // namespace fdl::weights
