// What `fdl explain` says of the memory of a job is a promise about libtorch's allocator: held to
// whole steps of the manifests' jobs, from the batch to the update, with their own losses, metrics
// and optimizers.
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "commands/job_plan.h"
#include "lib/config/layers.h"
#include "lib/job/job.h"
#include "lib/optim/optimizer.h"
#include "lib/plan/plan.h"
#include "lib/train/session.h"
#include "tests/unit/engine/live_bytes.h"

namespace fdl::testing {
namespace {

// Of all that a step holds beside parameters and the optimizer's state.
constexpr double kTolerance = 0.1;
constexpr int kSteps = 2;  // some memory is made by the first one and stays

struct Case {
  std::string name;
  std::int64_t batch_size;
  std::vector<std::string> overrides = {};  // smaller pictures or sequences, to be done in time
};

job::Checked job_of(const Case& one) {
  Diagnostics problems;
  const std::string folder = std::string(FDL_SOURCE_ROOT) + "/manifests";
  config::Selection selection;
  selection.overrides = one.overrides;
  selection.overrides.push_back("training.batch_size=" + std::to_string(one.batch_size));
  selection.overrides.push_back("data.train.synthetic.samples=" +
                                std::to_string(kSteps * one.batch_size));
  const auto manifest = config::load_manifest(folder + "/" + one.name + ".yml", selection,
                                              job::merge_rules(), folder, problems);
  INFO(to_text(problems, false));
  REQUIRE(manifest.has_value());
  job::Checked checked = job::check(*manifest, {}, false, problems);
  INFO(to_text(problems, false));
  REQUIRE(problems.empty());
  REQUIRE(checked.job.has_value());
  return checked;
}

struct Measured {
  std::int64_t peak_bytes = 0;               // of all, parameters included
  std::map<std::string, std::int64_t> axes;  // as long as the batches had them
};

// Of the loader the batch at hand, not those made ahead.
Measured measured_peak(const job::Checked& checked) {
  const graph::Graph& graph = *checked.graph;
  const job::Job& job = *checked.job;
  auto split = train::Split::load(*job.find_split("train"), job, graph, true);
  REQUIRE(split.has_value());
  Measured out;
  const LiveBytes live;
  tensor::TensorStore store(graph, 42);
  split->use_tensors(store.tensors());
  const exec::Executor executor(graph, store, train::compared_values(job.training, graph),
                                job.training.passes);
  const auto optimizer =
      optim::make_optimizer(job.training.groups, store.parameters(), job.training.passes.update);
  train::Totals totals = split->empty_totals();
  data::LoaderSpec spec = train::train_loader_spec(job, *split, 1);
  spec.workers = 0;  // on this thread, where memory is counted
  data::Loader loader = split->loader(spec);
  nn::StepContext context;
  context.training = true;
  context.seed = 42;
  for (int step = 0; step < kSteps; ++step) {
    const auto batch = loader.next();
    REQUIRE((batch.has_value() && *batch != nullptr));
    optim::Evaluation here;
    {
      const auto fields = split->fields_at(**batch, 0);
      REQUIRE(fields.has_value());
      const std::vector<at::Tensor> inputs = split->inputs(*fields);
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto& shape =
            graph.values[static_cast<std::size_t>(graph.inputs[i].value)].type.shape;
        for (std::size_t axis = 1; axis < shape.size(); ++axis) {
          std::int64_t& size = out.axes[shape[axis].text()];
          if (!shape[axis].is_number())
            size = std::max(size, inputs[i].size(static_cast<std::int64_t>(axis)));
        }
      }
      const auto outputs = executor.run(inputs, context);
      REQUIRE(outputs.has_value());
      const auto measured = split->measure(*outputs, *fields, **batch, totals);
      REQUIRE(measured.has_value());
      auto gradients = exec::gradients(split->loss_of({*measured}), store.parameters());
      REQUIRE(gradients.has_value());
      here.gradients = *std::move(gradients);
    }
    REQUIRE(optimizer->step(here, [] { return optim::Evaluation(); }, {1e-3, {}}).has_value());
  }
  out.peak_bytes = live.peak();
  return out;
}

void check_peak(const Case& one) {
  job::Checked checked = job_of(one);
  const Measured measured = measured_peak(checked);
  for (const std::string& axis : checked.graph->named_axes())
    checked.graph->assumed_sizes[axis] = measured.axes.at(axis);
  const plan::Plan plan = plan::make_plan(*checked.graph, commands::plan_setup(checked));
  const std::int64_t stays = plan.parameter_bytes + plan.buffer_bytes + plan.optimizer_bytes;
  const auto predicted = static_cast<double>(plan.peak_bytes - stays),
             seen = static_cast<double>(measured.peak_bytes - stays);
  CHECK_MESSAGE(std::abs(predicted / seen - 1) <= kTolerance,
                one.name << ": predicted " << predicted << ", measured " << seen << ", ratio "
                         << predicted / seen << ", beside " << stays);
}

}  // namespace

TEST_CASE("a job's step holds as much memory as its plan says") {
  // Smaller ones end as 2 x 2 pixels, for which oneDNN has kernels of their own that put up to
  // eight weights aside.
  const std::string small = "model.inputs.image=f32[3, 128, 128]";
  for (const Case& one : {
           Case{"zoo/gpt2", 1, {"data.train.synthetic.length=32"}},
           Case{"zoo/bert_base", 1},
           Case{"zoo/vgg16", 1, {small}},
           Case{"zoo/resnet18", 2, {small}},
           Case{"zoo/resnet50", 2, {small}},
           Case{"zoo/mobilenet_v2", 2, {small}},
           Case{"zoo/vae", 32},
           Case{"zoo/equilibrium", 32},  // some sample takes all turns of the loop
           Case{"bench/gpt_nano", 32},
           Case{"bench/gpt_nano", 32, {"training.precision=bf16"}},
           Case{"bench/gru_seq", 64, {"training.precision=bf16"}},
           Case{"bench/vit_tiny", 1},
           Case{"bench/resnet50", 2, {small}},
           Case{"zoo/mlp", 32},
           Case{"zoo/lenet5", 32},
           Case{"zoo/resnet20", 8},
           Case{"zoo/conv_autoencoder", 8},
           Case{"zoo/unet", 2},
           Case{"zoo/gpt_nano", 16},
           Case{"zoo/char_rnn", 16},
           Case{"zoo/lstm_tagger", 16},
           Case{"zoo/soft_moe", 32},
           Case{"zoo/refiner", 32},
           Case{"zoo/vit_tiny", 1},
           Case{"bench/charl_mlp", 32},
           Case{"bench/mlp", 32},
           Case{"bench/convnet", 8},
           Case{"bench/conv_autoenc", 8},
           Case{"bench/gru_seq", 8},
           Case{"bench/lstm_seq", 8},
           Case{"bench/gated_routing", 64},
           Case{"bench/residual_tower", 64},
           Case{"bench/iterative_refine", 64},
           Case{"bench/transformer", 2},
       })
    check_peak(one);
}

}  // namespace fdl::testing
