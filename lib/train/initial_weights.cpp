#include "lib/job/initial_weights.h"

#include <algorithm>

#include "lib/base/sha256.h"
#include "lib/format/checkpoint_manifest.h"
#include "lib/tensor/stored_tensor.h"
#include "lib/train/initial_weights.h"

namespace fdl::train {
namespace {

constexpr std::size_t kMostNamed = 20;

std::string joined(const std::vector<std::string>& names) {
  const std::size_t count = std::min(names.size(), kMostNamed);
  std::string out = fmt::format("{}", fmt::join(names.begin(), names.begin() + count, ", "));
  return names.size() > count ? out + ", ..." : out;
}

// What a checkpoint's manifest says of its file; empty for files that are no checkpoint's.
Result<std::string> recorded_sha256(const weights::WeightFiles& files, const std::string& name) {
  if (files.checkpoint.empty()) return std::string();
  const auto manifest = format::read_checkpoint_manifest(files.checkpoint);
  if (!manifest) return fail(manifest.error());
  for (const format::CheckpointManifest::File& file : manifest->files)
    if (file.name == name) return file.sha256;
  return std::string();
}

// "model.safetensors 437955512 <sha256>" for each file.
Result<std::vector<std::string>> describe_files(const weights::WeightFiles& files) {
  std::vector<std::string> out;
  for (const format::InputFile& file : files.files) {
    const std::string name = file.path().filename().string();
    const Result<std::string> sha256 = sha256_file(file.path());
    if (!sha256) return fail(sha256.error());
    const Result<std::string> recorded = recorded_sha256(files, name);
    if (!recorded) return fail(recorded.error());
    if (!recorded->empty() && *recorded != *sha256) {
      return fail(error(Code::CheckpointCorrupt, {},
                        "checkpoint '{}' is damaged: '{}' has SHA-256 {}; manifest.json says {}",
                        files.checkpoint.string(), name, *sha256, *recorded)
                      .help("load another checkpoint"));
    }
    out.push_back(fmt::format("{} {} {}", name, file.num_bytes(), *sha256));
  }
  return out;
}

Result<void> record(const job::LoadPlan& plan, const EventLog& events) {
  const Result<std::vector<std::string>> files = describe_files(plan.files);
  if (!files) return fail(files.error());
  const weights::Matching& found = plan.matching;
  std::vector<std::string> mismatched;
  for (const weights::Mismatch& one : found.mismatched) mismatched.push_back(one.name);
  monitor::Event event;
  event.kind = "load";
  event.numbers = {{"num_loaded", static_cast<double>(found.taken.size())},
                   {"num_missing", static_cast<double>(found.missing.size())},
                   {"num_unexpected", static_cast<double>(found.unexpected.size())},
                   {"num_mismatched", static_cast<double>(found.mismatched.size())}};
  event.texts = {{"path", plan.load->path},
                 {"from", plan.load->request.shown},
                 {"files", joined(*files)},
                 {"missing", joined(found.missing)},
                 {"unexpected", joined(found.unexpected)},
                 {"mismatched", joined(mismatched)},
                 {"summary", plan.summary()}};
  return events.write(event);
}

}  // namespace

Result<void> load_initial_weights(const graph::Graph& graph, const tensor::TensorStore& store,
                                  const EventLog* events) {
  Diagnostics problems;
  const std::vector<job::LoadPlan> plans = job::plan_loads(graph, problems);
  if (problems.has_errors()) return fail(problems.sorted().front());
  for (const job::LoadPlan& plan : plans) {
    if (events != nullptr) FDL_TRY(record(plan, *events));
    for (const weights::Taken& taken : plan.matching.taken)
      FDL_TRY(tensor::read_stored(plan.files, plan.files.tensors[taken.stored],
                                  store.tensors()[taken.tensor].value));
  }
  return {};
}

}  // namespace fdl::train
