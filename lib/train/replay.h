#pragma once

#include <filesystem>

// The files of a batch that is kept to be computed again.
namespace fdl::train {

inline constexpr const char* kReplayFacts = "replay.json";  // where in the run; written last
inline constexpr const char* kReplayBatch = "batch.safetensors";
inline constexpr const char* kReplayModel = "model.safetensors";
inline constexpr const char* kReplayCarried = "carried.safetensors";  // of a model with states

inline std::filesystem::path replay_folder(const std::filesystem::path& run) {
  return run / "replay";
}

}  // namespace fdl::train
