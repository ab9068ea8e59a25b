#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/file_lock.h"
#include "lib/base/result.h"
#include "lib/config/layers.h"
#include "lib/job/job.h"

// A run's folder: runs/<name>/<timestamp>-<short hash>/ with manifest.yml (resolved; what the
// engine reads), plan.json, environment.json, notes.json, events.jsonl, metrics.csv, checkpoints/,
// log.txt, report.html, timeline.json, .csv and .html, and .lock, which whoever trains in it holds.
// Where the job asks for them: samples/, tables/, tensorboard/; with --profile, profile.json and
// trace.json.
namespace fdl::job {

struct RunFolder {
  std::filesystem::path path;
};

// What a person says about a run: notes.json.
struct RunNotes {
  std::string name, note;
  std::vector<std::string> tags;

  friend bool operator==(const RunNotes&, const RunNotes&) = default;
};

struct NewRun {
  std::string timestamp;  // "20260101-120000", by which runs are sorted
  RunNotes notes = {};
  std::vector<std::string> command = {};  // the words after `fdl`
  std::filesystem::path folder = {};      // of the run, when it is not to be named by the timestamp
};

// Makes the folder and writes manifest.yml (the job's sections with origins), plan.json (graph
// hash, parameters, shapes, what is recorded and which way is better), environment.json (versions,
// machine, project folder, command) and notes.json. Errors: FDL5002.
Result<RunFolder> create_run(const config::Manifest& manifest, const graph::Graph& graph,
                             const Job& job, const NewRun& about);

// The newest run of the manifest's name under `output_dir`, or the named one (a path, a folder name
// or the newest that was given this name). Errors: FDL5203 when a named one is not there; an empty
// optional when there is none at all.
Result<std::optional<RunFolder>> find_run(const std::filesystem::path& output_dir,
                                          const std::string& model_name, const std::string& wanted);

// Where the runs of a model are: output.dir and the model's name, as a plain word.
std::filesystem::path group_folder(const std::filesystem::path& output_dir,
                                   const std::string& model_name);

bool is_run(const std::filesystem::path& folder);

// All runs in a folder of runs, in folders of them and in sweeps; by path.
std::vector<std::filesystem::path> list_runs(const std::filesystem::path& folder);

// notes.json; what cannot be read is empty.
RunNotes read_notes(const std::filesystem::path& run);
// Errors: FDL5002.
Result<void> write_notes(const std::filesystem::path& run, const RunNotes& notes);

// Keeps other programs from working in a run. When only the engine of a program that was killed is
// left in it, waits for that to save and end. Errors: FDL5205 (another one works in it), FDL5002.
Result<FileLock> lock_run(const std::filesystem::path& run);
bool is_running(const std::filesystem::path& run);

// Checkpoints of a run that verify, newest first: folder names "step-<n>".
std::vector<std::filesystem::path> whole_checkpoints(const RunFolder& run);

}  // namespace fdl::job
