#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fdl::commands::bench {

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
  std::int64_t batches_per_epoch = 50;   // of data that is drawn
  std::int64_t num_samples = 0;          // of an epoch, where batches do not say it
  std::string table = {};                // a file that is written before; its rows are the data
  std::string no_dropout = {};           // the setting that turns dropout off; empty: there is none
  bool has_jax = false;                  // whether bench/peers/jax_models.py has it

  bool is_drawn() const { return splits.empty() && table.empty(); }
  std::int64_t samples_per_epoch() const {
    return num_samples > 0 ? num_samples : batch_size * batches_per_epoch;
  }
};

const std::vector<Job>& jobs();
const Job* find_job(std::string_view name);

// The nearest folder at or above `from` that has bench/peers.
std::optional<std::filesystem::path> find_root(const std::filesystem::path& from);

}  // namespace fdl::commands::bench
