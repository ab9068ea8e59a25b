#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fdl::commands::bench {

inline constexpr std::int64_t kBatchesPerEpoch = 50;  // of floDl's models

// The same network in a manifest and in a script of another framework. Paths start at the folder
// that holds manifests/ and bench/.
struct Job {
  std::string name;
  std::string manifest, preset;
  std::string script;
  std::vector<std::string> words;        // of the script, beside what all scripts take
  std::int64_t epochs = 4;               // of a round
  std::int64_t batch_size = 0;           // that both sides can be given; 0: it is what is measured
  std::vector<std::string> splits = {};  // that read Fashion-MNIST
};

const std::vector<Job>& jobs();
const Job* find_job(std::string_view name);

// The nearest folder at or above `from` that has bench/peers.
std::optional<std::filesystem::path> find_root(const std::filesystem::path& from);

}  // namespace fdl::commands::bench
