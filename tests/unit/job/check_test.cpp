#include <doctest/doctest.h>

#include "tests/unit/job/job_text.h"

namespace fdl::job {
namespace {

using testing::check_text;
using testing::codes;
using testing::kData;
using testing::kModel;
using testing::kTraining;
using Codes = std::vector<std::string>;

Codes training_codes(const std::string& keys) {
  return codes(check_text(kModel + kData + "training: {" + keys + "}\n").problems);
}
Codes data_codes(const std::string& keys) {
  return codes(check_text(kModel + "data: {" + keys + "}\n" + kTraining).problems);
}
Codes output_codes(const std::string& keys) {
  return codes(check_text(kModel + kData + kTraining + "output: {" + keys + "}\n").problems);
}

const std::string kRest = "loss: cross_entropy, optimizer: {sgd: {lr: 0.1}}";
const std::string kMade = "synthetic: {kind: classification, samples: 100}";

}  // namespace

TEST_CASE("a whole job is bound as it is written") {
  const auto out = check_text(
      kModel + "data: {train: {" + kMade + ", slice: \":80\"}, val: {" + kMade +
      ", slice: \"80:\", shuffle_seed: null}, loader: {workers: 3, prefetch: 2, drop_last: true}}\n"
      "training: {epochs: 3, steps: 9, batch_size: 7, seed: 1, validate: 2 epochs, metrics: "
      "[accuracy], " +
      kRest +
      "}\n"
      "output: {dir: out, checkpoint: {every: 4 steps, initial: true, keep: {last: 2, best: "
      "val/accuracy}}}\n");
  CAPTURE(to_text(out.problems, false));
  REQUIRE(out.problems.empty());
  const Job& job = *out.checked.job;
  CHECK(job.splits.size() == 2);
  CHECK(job.find_split("val")->slice == "80:");
  CHECK(job.find_split("test") == nullptr);
  CHECK(job.loader.workers == 3);
  CHECK(job.loader.drop_last);
  CHECK(job.training.epochs == 3);
  CHECK(job.training.steps == 9);
  CHECK(job.training.batch_size == 7);
  CHECK(job.training.validate_every_epochs == 2);
  CHECK(job.training.validate_every_steps == 0);
  CHECK(job.output_dir == "out");
  CHECK(job.checkpoints.every_steps == 4);
  CHECK(job.checkpoints.every_epochs == 0);
  CHECK(job.checkpoints.initial);
  CHECK(job.checkpoints.keep_last == 2);
  CHECK(job.checkpoints.best_metric == "val/accuracy");
  CHECK(job.checkpoints.best_is_max);
  REQUIRE(job.training.losses.size() == 1);
  REQUIRE(job.training.losses[0].compared.size() >= 2);
  CHECK(job.training.losses[0].compared[0].is_value());
  CHECK(job.training.losses[0].compared[1].field == "target");
  CHECK(job.training.metrics[0].name == "accuracy");
}

TEST_CASE("a training needs an end, a loss and an optimizer; null stands for none of them") {
  CHECK(training_codes("steps: 1, " + kRest).empty());
  CHECK(training_codes("epochs: 0, " + kRest).empty());
  CHECK(training_codes(kRest) == Codes{"FDL4002"});
  CHECK(training_codes("epochs: null, " + kRest) == Codes{"FDL4002"});
  CHECK(training_codes("steps: 1, loss: cross_entropy") == Codes{"FDL2004"});
  CHECK(training_codes("steps: 1, optimizer: sgd, loss: null") == Codes{"FDL2004"});
}

TEST_CASE("compile takes what can be kept: auto or false") {
  CHECK(training_codes("steps: 1, compile: auto, " + kRest).empty());
  CHECK(training_codes("steps: 1, compile: false, " + kRest).empty());
  CHECK(training_codes("steps: 1, compile: true, " + kRest) == Codes{"FDL2006"});
}

TEST_CASE("a device is the CPU, a GPU by its number, or left to the machine") {
  using Choice = job::DeviceChoice;
  const auto device = [](const std::string& text) {
    const std::string training =
        kTraining.substr(0, kTraining.rfind('}')) + ", device: " + text + "}\n";
    return check_text(kModel + kData + training);
  };
  const std::pair<const char*, std::pair<Choice::Kind, int>> cases[] = {
      {"auto", {Choice::Kind::Auto, 0}},
      {"cpu", {Choice::Kind::Cpu, 0}},
      {"cuda", {Choice::Kind::Cuda, 0}},
      {"\"cuda:0\"", {Choice::Kind::Cuda, 0}},
      {"\"cuda:7\"", {Choice::Kind::Cuda, 7}}};
  for (const auto& [text, expected] : cases) {
    const auto found = device(text);
    REQUIRE(found.checked.job.has_value());
    const Choice& chosen = found.checked.job->training.device;
    CHECK(chosen.kind == expected.first);
    CHECK(chosen.index == expected.second);
  }
  for (const char* text : {"gpu", "\"cuda:\"", "\"cuda:-1\"", "\"cuda:x\"", "\"cuda:128\"", "\"\""})
    CHECK(codes(device(text).problems) == Codes{"FDL2006"});
}

TEST_CASE("intervals are a count of epochs or steps") {
  for (const char* text : {"1 epoch", "2 epochs", "1 step", "500 steps"})
    CHECK(training_codes("steps: 1, validate: " + std::string(text) + ", " + kRest).empty());
  for (const char* text : {"0 steps", "-1 steps", "epoch", "1 hour", "1.5 epochs", "1  epoch",
                           "1epoch", "\"\"", "9223372036854775808 steps"}) {
    CAPTURE(text);
    CHECK(training_codes("steps: 1, validate: " + std::string(text) + ", " + kRest) ==
          Codes{"FDL4010"});
    const bool is_time = std::string_view(text) == "1 hour";  // which checkpoints may go by
    CHECK(output_codes("checkpoint: {every: " + std::string(text) + "}") ==
          (is_time ? Codes{} : Codes{"FDL4010"}));
  }
}

TEST_CASE("parts of one source may not overlap, parts of two may") {
  const auto parts = [](const std::string& train, const std::string& val) {
    return "train: {" + kMade + ", slice: \"" + train + "\"}, val: {" + kMade + ", slice: \"" +
           val + "\"}";
  };
  CHECK(data_codes(parts(":80", "80:")).empty());
  CHECK(data_codes(parts(":81", "80:")) == Codes{"FDL4006"});
  CHECK(data_codes(parts(":81%", "80%:")) == Codes{"FDL4006"});
  CHECK(data_codes(parts(":81", "80:") + ", allow_overlap: true").empty());
  CHECK(data_codes("train: {" + kMade + "}, val: {" + kMade + "}") == Codes{"FDL4006"});
  CHECK(data_codes("train: {" + kMade +
                   "}, val: {synthetic: {kind: classification, samples: 100, seed: 9}}")
            .empty());
  CHECK(data_codes(parts(":101", "99:")) == Codes{"FDL4007"});
}

TEST_CASE("a loss finds its output and its target, or asks for them") {
  const auto with_loss = [](const std::string& model, const std::string& loss) {
    return codes(
        check_text(model + kData + "training: {steps: 1, optimizer: sgd, loss: " + loss + "}\n")
            .problems);
  };
  const std::string two =
      "model: {inputs: {x: \"f32[4]\"}, flow: [{linear: 10, tag: a}, linear: 10], outputs: {p: a, "
      "q: output}}\n";
  CHECK(with_loss(two, "cross_entropy") == Codes{"FDL4004"});
  CHECK(with_loss(two, "{cross_entropy: {output: q}}").empty());
  CHECK(with_loss(two, "[{cross_entropy: , output: p}, {cross_entropy: , output: q, weight: 0.5}]")
            .empty());
  CHECK(with_loss(kModel, "{cross_entropy: {target: y}}") == Codes{"FDL4004"});
  CHECK(with_loss(kModel, "mse") == Codes{"FDL4005"});
  CHECK(with_loss(kModel, "{cross_entropy: , weight: x}") == Codes{"FDL2002"});
}

TEST_CASE("a best checkpoint is chosen by a metric that the job computes") {
  CHECK(output_codes("checkpoint: {keep: {best: train/loss}}").empty());
  CHECK(output_codes("checkpoint: {keep: {best: val/loss}}") == Codes{"FDL4009"});
  CHECK(output_codes("checkpoint: {keep: {best: train/accuracy}}") == Codes{"FDL4009"});
}

TEST_CASE("two metrics of one name, a transform of no field, a field of the wrong type") {
  CHECK(training_codes("steps: 1, metrics: [accuracy, accuracy], " + kRest) == Codes{"FDL3005"});
  CHECK(data_codes("train: {" + kMade + "}, transforms: {all: {z: [to_f32]}}") == Codes{"FDL2001"});
  CHECK(codes(check_text("model: {inputs: {x: \"i64[4]\"}, flow: [{embedding: {num_embeddings: 5, "
                         "embedding_dim: 2}}]}\n" +
                         kData + kTraining)
                  .problems) == Codes{"FDL4003"});
}

TEST_CASE("a reference that failed is told once, and what needs the graph is left out") {
  for (const char* step : {"linear: \"${params.gone}\"", "{linear: 8, name: \"${params.gone}\"}",
                           "{from: \"${params.gone}\"}"}) {
    CAPTURE(step);
    const auto out = check_text("model: {inputs: {x: \"f32[4]\"}, flow: [" + std::string(step) +
                                "]}\n" + kData + kTraining);
    CHECK(codes(out.problems) == Codes{"FDL1105"});
    CHECK(!out.checked.graph);
  }
}

TEST_CASE("sections: unknown ones, and a job that misses one") {
  CHECK(codes(check_text(kModel + "trainng: {}\n").problems) == Codes{"FDL2001"});
  CHECK(codes(check_text(kModel + kTraining).problems) == Codes{"FDL4001"});
  CHECK(codes(check_text(kData + kTraining).problems) == Codes{"FDL4001"});
  CHECK(check_text("description: only words\n").problems.empty());
  CHECK(data_codes("val: {" + kMade + "}") == Codes{"FDL4001"});
}

TEST_CASE("a preset may change any section of the job that a manifest may have") {
  for (const std::string& section : merge_rules().preset_sections) {
    CAPTURE(section);
    Diagnostics problems;
    const config::Manifest manifest = testing::manifest_of(section + ": {}\n", problems);
    (void)check(manifest, {}, true, problems);
    const Codes found = codes(problems);
    CHECK(std::find(found.begin(), found.end(), "FDL2001") == found.end());
  }
}

TEST_CASE("missing data is told, but not with --no-data; a path of any length is only missing") {
  const std::string text = "data: {train: {mnist: {split: train, path: PATH}}}\n" + kTraining +
                           "model: {inputs: {image: \"u8[1, 28, 28]\"}, flow: [flatten]}\n";
  for (const std::string& path : {std::string("/nonexistent"), std::string(400, 'p')}) {
    std::string with_path = text;
    with_path.replace(with_path.find("PATH"), 4, path);
    CHECK(codes(check_text(with_path).problems).front() == "FDL5101");
    const Codes skipped = codes(check_text(with_path, true).problems);
    CHECK(std::find(skipped.begin(), skipped.end(), "FDL5101") == skipped.end());
  }
}

TEST_CASE("a model with states is checked as it is called: at one position of a sequence") {
  const std::string model =
      "model: {inputs: {x: \"f32[4]\"}, state: {h: {shape: [4]}}, "
      "flow: [{add: h}, {linear: 4, tag: h}, {linear: 2}]}\n";
  const std::string training = "training: {epochs: 1, loss: mse, optimizer: adam}\n";
  const auto of = [&](const std::string& source) {
    return check_text(model + "data: {train: {synthetic: {" + source + "}}}\n" + training);
  };
  const auto fine = of("kind: sequences, steps: 7, target: \"f32[2]\"");
  CHECK(fine.problems.empty());
  REQUIRE(fine.checked.job.has_value());
  CHECK(fine.checked.job->num_positions == 7);
  CHECK(codes(of("kind: sequences, target: \"f32[2]\"").problems) == Codes{"FDL2004"});
  CHECK(codes(of("kind: sequences, steps: 7, target: \"f32[3]\"").problems) == Codes{"FDL4005"});
  CHECK(codes(of("target: \"f32[2]\"").problems) == Codes{"FDL4020"});
  CHECK(codes(of("kind: classification").problems) == Codes{"FDL4020"});
}

}  // namespace fdl::job
