#include "lib/job/records.h"

#include "lib/job/job.h"

namespace fdl::job {

using config::at_least;
using config::main_field;
using config::RecordBuilder;
using config::RecordSpec;

const RecordSpec& record_spec(const LoaderKeys*) {
  using K = LoaderKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("loader", "How samples become batches.")
          .field("workers", &K::workers, "Threads that make batches ahead.", at_least(0))
          .field("prefetch", &K::prefetch, "Batches made ahead; of small ones up to 24.",
                 at_least(1))
          .field("shuffle", &K::shuffle, "Draw a new order of the training samples each epoch.")
          .field("drop_last", &K::drop_last, "Leave out a last, smaller training batch.")
          .field("sampler", &K::sampler,
                 "How the training samples of an epoch are drawn, where that is not one by one at "
                 "random: `weighted`, `stratified` or `bucketed`.")
          .field("cache", &K::cache,
                 "Where samples stay that have been decoded or parsed once, with those of their "
                 "transforms that draw nothing: in memory, or in a file of the user's cache folder "
                 "that later runs read too. `auto` takes memory for what is costly to read, up to "
                 "half of what is available.",
                 config::choices({kCaches.begin(), kCaches.end()}))
          .build();
  return spec;
}

const RecordSpec& record_spec(const TransformKeys*) {
  using K = TransformKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("transforms", "What happens to a sample's fields, field by field.")
          .field("all", &K::all, "In training and evaluation.")
          .field("train", &K::train, "In training only, after `all`.")
          .field("eval", &K::eval, "In evaluation only, after `all`.")
          .field("batch", &K::batch,
                 "What mixes the samples of a training batch, such as `mixup`; of a list each "
                 "batch draws one.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const FoldKeys*) {
  using K = FoldKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("fold",
                       "One of k equal parts of the slice: `train` leaves it out, `val` and `test` "
                       "are nothing else.")
          .field("k", &K::k, "How many parts.", config::required, at_least(2))
          .field("index", &K::index, "Which one, from 0.", config::required, at_least(0))
          .build();
  return spec;
}

const RecordSpec& record_spec(const SplitKeys*) {
  using K = SplitKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("part",
                       "What may stand beside the source of `train`, `val`, `test`, or of each of "
                       "several sets by name: `val: {clean: {...}, noisy: {...}}`.")
          .field("slice", &K::slice,
                 "Some of the samples, by place: \":50000\", \"90%:\"; of windows, some tokens.")
          .field("shuffle_seed", &K::shuffle_seed,
                 "Permutes the samples before they are sliced, whatever `training.seed` is.")
          .field("fold", &K::fold, "One of k equal parts of the slice, left out or taken alone.")
          .field("limit", &K::limit,
                 "The most batches of it that an epoch or an evaluation goes through: `20` or "
                 "`10%`.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const DataKeys*) {
  using K = DataKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("data", "Where samples come from.")
          .field("train", &K::train, "The samples to train on.")
          .field("val", &K::val, "The samples to validate on during training, or sets by name.")
          .field("test", &K::test, "The samples for `fdl eval`, or sets by name.")
          .field("transforms", &K::transforms, "What happens to the fields.")
          .field(
              "pad", &K::pad,
              "What fills up the shorter samples of a batch, by field: {tokens: 0}. Otherwise 0, "
              "and -100 for targets that are class numbers.")
          .field("loader", &K::loader, "How samples become batches.")
          .field("allow_overlap", &K::allow_overlap, "Let train, val and test share samples.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const ValidateKeys*) {
  using K = ValidateKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("validate", "When to validate.")
          .field("every", &K::every, "`1 epoch` or `500 steps`.", main_field)
          .build();
  return spec;
}

const RecordSpec& record_spec(const CompileKeys*) {
  using K = CompileKeys;
  static const RecordSpec spec = [] {
    RecordBuilder<K> out("compile",
                         "Ways of computing a step that give the same but for rounding, in less "
                         "time.");
    out.field("mode", &K::mode, "`auto`: the passes below that are on; `false`: none of them.",
              main_field, config::choices({"auto", "false"}));
    for (const catalog::Pass& pass : catalog::kPasses)
      out.field(pass.name, static_cast<bool K::*>(pass.is_on), pass.doc);
    return out.build();
  }();
  return spec;
}

namespace {

using TrainingBuilder = RecordBuilder<TrainingKeys>;

// How long it trains, and in which batches.
void add_length(TrainingBuilder& out) {
  using K = TrainingKeys;
  out.field("epochs", &K::epochs, "Passes over the training samples.", at_least(0))
      .field("steps", &K::steps, "Updates; with `epochs` too, the first reached ends the run.",
             at_least(0))
      .field("max_time", &K::max_time,
             "Ends the run after this time, all its starts together: `90s`, `5 minutes`, `2h`.")
      .field("batch_size", &K::batch_size,
             "Samples in a batch; `auto` takes as many as the memory allows.", at_least(1))
      .field("accumulate", &K::accumulate,
             "Batches that one update adds up: as one batch of their size, but with the memory "
             "of one of them. Statistics of batch norm stay those of each batch.",
             at_least(1));
}

// What the numbers are computed in, and where they begin.
void add_numbers(TrainingBuilder& out) {
  using K = TrainingKeys;
  out.field("precision", &K::precision,
            "What the model computes in; parameters, losses and updates stay f32. `f16` scales "
            "the loss, so that small gradients are not lost.",
            config::choices({"f32", "bf16", "f16"}))
      .field("device", &K::device,
             "Where the model computes: `auto` takes the first GPU that fdl can use and else the "
             "CPU; `cuda` is the first GPU, `cuda:1` the second one.")
      .field("seed", &K::seed, "Chooses initial weights, order and dropout.", at_least(0));
}

// What is learned from, and how.
void add_learning(TrainingBuilder& out) {
  using K = TrainingKeys;
  out.field("loss", &K::loss, "A loss, or a list of losses with `weight:`.")
      .field("metrics", &K::metrics, "What else is measured.")
      .field("expressions", &K::expressions,
             "Further values by name, each from others: {gap: \"val/loss - train/loss\"}; "
             "names without their part of the data (\"sqrt(mse)\") give one for each part.")
      .field("teacher", &K::teacher, "A trained model whose outputs losses compare with.")
      .field("optimizer", &K::optimizer, "How gradients become updates.")
      .field("schedule", &K::schedule, "How the learning rate moves; a list is a chain.")
      .field("phases", &K::phases,
             "Parts of the run, one after the other, each with what it trains and how fast.")
      .field("clip", &K::clip,
             "Bounds gradients before an update: a largest norm, {norm: 1.0}, or a largest "
             "absolute value, {value: 0.5}. In a list a parameter follows the first rule whose "
             "`match` fits it.")
      .field("ema", &K::ema, "Keeps averages of the weights.")
      .field("nan", &K::nan,
             "At a loss or gradient that is not finite: `stop` names where it came from and "
             "saves the batch, `skip` leaves the update out, {skip: {max: 3}} so often, "
             "`ignore` goes on.")
      .field("spikes", &K::spikes, "Watches for losses far above those before.")
      .field("watchdog", &K::watchdog, "Tells of steps that take far longer than those before.");
}

// What is looked at on the way.
void add_watching(TrainingBuilder& out) {
  using K = TrainingKeys;
  out.field("validate", &K::validate, "When to validate.")
      .field("early_stop", &K::early_stop, "Ends the run when a metric no longer improves.")
      .field(
          "deterministic", &K::deterministic,
          "The same seed gives the same bits, on a GPU at the price of kernels that add up in "
          "any order; `false` takes the fastest there. With `bitwise` they are those of libtorch's "
          "operators one by one, as no pass of `compile` runs.",
          config::choices({"true", "false", "bitwise"}))
      .field("compile", &K::compile,
             "Which passes make a step faster: `auto` all, `false` none, a map all but those "
             "that it turns off.")
      .field("overfit", &K::overfit,
             "Train on the first so many batches again and again, without validation: a model "
             "that cannot learn these has a mistake.",
             at_least(1))
      .field("smoke", &K::smoke,
             "One batch of everything: a step, validation, a checkpoint, the test data.");
}

}  // namespace

const RecordSpec& record_spec(const TrainingKeys*) {
  static const RecordSpec spec = [] {
    TrainingBuilder out("training", "How the model is trained.");
    for (const auto add : {add_length, add_numbers, add_learning, add_watching}) add(out);
    return out.build();
  }();
  return spec;
}

const RecordSpec& record_spec(const TeacherKeys*) {
  using K = TeacherKeys;
  static const RecordSpec spec =
      RecordBuilder<K>(
          "teacher",
          "A trained model that sees each batch too, as in evaluation. Losses find what "
          "it gives as `teacher`, or `teacher.NAME` of several outputs.")
          .field("from", &K::from, "The folder of a run, or a manifest whose model has `load:`.",
                 main_field, config::required)
          .build();
  return spec;
}

const RecordSpec& record_spec(const TrendKeys*) {
  using K = TrendKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("trend", "Which way a metric goes over its last measurements.")
          .field("metric", &K::metric, "Such as val/loss.", main_field, config::required)
          .field("window", &K::window, "How many measurements.", at_least(2))
          .field("tolerance", &K::tolerance,
                 "`stalled`: the slope of the line through them is less; `converged`: their "
                 "variance is.",
                 config::above(0))
          .build();
  return spec;
}

const RecordSpec& record_spec(const UntilKeys*) {
  using K = UntilKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("until", "When a phase is over: at the first that holds.")
          .field("epochs", &K::epochs, "Epochs since it began.", at_least(1))
          .field("steps", &K::steps, "Updates since it began.", at_least(1))
          .field("metric", &K::metric, "With `reaches`: a metric that becomes good enough.")
          .field("reaches", &K::reaches,
                 "The value that is good enough, in the metric's direction.")
          .field("stalled", &K::stalled, "A metric that no longer moves.")
          .field("converged", &K::converged, "A metric that stays where it is.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const PhaseKeys*) {
  using K = PhaseKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("phase", "A part of the run.")
          .field("name", &K::name, "Told in its records; by default its number.")
          .field("freeze", &K::freeze,
                 "Patterns over paths: what is not trained from here on, running statistics too.")
          .field("thaw", &K::thaw, "Patterns over paths: what is trained again.")
          .field("lr", &K::lr,
                 "Its learning rate, or rates by pattern: {backbone: 1e-5, default: 1e-4}.")
          .field(
              "data", &K::data,
              "What it and those after it train on, instead of `data.train`: a source, with what "
              "may stand beside one. It begins a new epoch.")
          .field("optimizer", &K::optimizer,
                 "An optimizer of its own; state of the same name and shape is kept.")
          .field("until", &K::until, "When it is over; the last one may end with the run.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const ClipKeys*) {
  using K = ClipKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("clip", "Bounds gradients before an update.")
          .field("norm", &K::norm, "The largest norm of all of them together.", main_field,
                 config::above(0))
          .field("norm_type", &K::norm_type, "Of which p-norm; .inf takes the largest element.",
                 config::above(0))
          .field("value", &K::value, "The largest absolute value of an element.", config::above(0))
          .field(
              "match", &K::match,
              "A pattern over the paths of parameters; without it all that no rule before takes.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const EmaKeys*) {
  using K = EmaKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("ema", "Averages of the weights that forget the old ones exponentially.")
          .field("decay", &K::decay, "The share of the average that stays at each renewal.",
                 main_field, config::required, config::between(0, 1))
          .field("warmup", &K::warmup,
                 "Lets the n-th renewal keep at most (1 + n) / (10 + n): a short run is not held "
                 "back by its first weights.")
          .field("every", &K::every, "Updates from one renewal to the next.", at_least(1))
          .field("evaluate", &K::evaluate,
                 "Measures the averages at each validation too, as val_ema/loss.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const SpikeKeys*) {
  using K = SpikeKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("spikes", "Watches for losses far above those before them.")
          .field("z", &K::z, "Standard deviations above their mean that make a spike.", main_field,
                 config::required, config::above(0))
          .field("window", &K::window, "How many losses before it are looked at.", at_least(2))
          .field("action", &K::action, "Tell of it, leave the update out, or end the run.",
                 config::choices({"warn", "skip", "stop"}))
          .build();
  return spec;
}

const RecordSpec& record_spec(const WatchdogKeys*) {
  using K = WatchdogKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("watchdog",
                       "Tells of steps that take far longer than those before, while they still "
                       "do: of data that does not come, of a machine that swaps.")
          .field("factor", &K::factor, "How many times the median of the steps before.", main_field,
                 config::required, config::above(1))
          .field("least", &K::least, "Seconds below which no step is slow.", at_least(0))
          .field("window", &K::window, "How many steps before it are looked at.", at_least(1))
          .build();
  return spec;
}

const RecordSpec& record_spec(const EarlyStopKeys*) {
  using K = EarlyStopKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("early_stop",
                       "Ends the run when a metric no longer improves, or a trend holds.")
          .field("metric", &K::metric, "What should improve, such as val/loss.", main_field)
          .field("mode", &K::mode, "Which way is better; the metric's own unless given.",
                 config::choices({"min", "max"}))
          .field("patience", &K::patience, "How many times in a row it may fail to improve.",
                 at_least(1))
          .field("min_delta", &K::min_delta, "How much better than the best counts.", at_least(0))
          .field("threshold", &K::threshold, "A value that is good enough to stop at once.")
          .field("min_epochs", &K::min_epochs, "Epochs before which it does not stop.", at_least(0))
          .field("stalled", &K::stalled, "A metric whose slope ends the run once it is level.")
          .field("converged", &K::converged,
                 "A metric that ends the run once it stays where it is.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const BestKeys*) {
  using K = BestKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("best", "Which checkpoints are kept for their metric.")
          .field("metric", &K::metric, "Such as val/accuracy.", main_field)
          .field("mode", &K::mode, "Whether more or less is better, where the metric does not say.",
                 config::choices({"min", "max"}))
          .field("n", &K::n, "How many.", at_least(1))
          .build();
  return spec;
}

const RecordSpec& record_spec(const KeepKeys*) {
  using K = KeepKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("keep", "Which checkpoints are kept.")
          .field("last", &K::last, "How many of the newest.", main_field, at_least(1))
          .field("best", &K::best, "The best by a metric.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const CheckpointKeys*) {
  using K = CheckpointKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("checkpoint", "When state is saved.")
          .field("every", &K::every, "`1 epoch`, `500 steps` or `10 minutes`.", main_field)
          .field("initial", &K::initial, "Save before the first step too.")
          .field("keep", &K::keep, "Which checkpoints are kept.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const SampleKeys*) {
  using K = SampleKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("samples",
                       "What the model says about a few samples while it trains: predictions, "
                       "pictures, or text that it goes on with.")
          .field("n", &K::n, "How many of the validation data, from its start.", main_field,
                 at_least(0))
          .field("every", &K::every, "`1 epoch` or `500 steps`; otherwise with each validation.")
          .field("length", &K::length, "Of text: how many tokens it goes on for.", at_least(1))
          .build();
  return spec;
}

const RecordSpec& record_spec(const ObserveKeys*) {
  using K = ObserveKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("observe",
                       "Numbers about the inside of the model, recorded as observe/NAME.")
          .field(
              "values", &K::values,
              "Paths or patterns, each with a statistic: of what a step or tag gives "
              "(hidden.mean), of parameters (head.weight.norm), of their gradients "
              "(encoder.grad_norm). Statistics are mean, std, min, max, abs_max, norm and zeros, "
              "the share of zeros. Of a subtree it is one number over all in it; grad_norm alone "
              "is that of all gradients.",
              main_field, config::required)
          .field("every", &K::every, "`1 epoch`, at its last update, or `500 steps`.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const OutputKeys*) {
  using K = OutputKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("output", "What a run leaves behind.")
          .field("dir", &K::dir, "Folder of the runs.", main_field)
          .field("checkpoint", &K::checkpoint, "When state is saved.")
          .field("samples", &K::samples, "Samples whose outputs are kept during training.")
          .field("observe", &K::observe, "Numbers about the inside of the model.")
          .field("monitor", &K::monitor,
                 "Serve the live dashboard on this port of 127.0.0.1 while the run runs; 0 takes "
                 "any free one.",
                 config::between(0, 65535))
          .field("tensorboard", &K::tensorboard,
                 "Write TensorBoard's event files into the run's folder, under tensorboard/.")
          .build();
  return spec;
}

const RecordSpec& record_spec(const SweepKeys*) {
  using K = SweepKeys;
  static const RecordSpec spec =
      RecordBuilder<K>("sweep", "Values to try together, for `fdl sweep`.")
          .field("over", &K::over,
                 "Paths of this manifest, each with a list of values or a range: {log: [1e-4, "
                 "1e-2], n: 5}, {linear: [16, 64], n: 4, integer: true}.",
                 config::required)
          .field(
              "method", &K::method,
              "All combinations, n random ones, n of Sobol's sequence, or n random ones of which "
              "the best go on.",
              config::choices({"grid", "random", "sobol", "halving"}))
          .field("metric", &K::metric, "What ranks the points, by its best value: val/accuracy.",
                 config::required)
          .field("mode", &K::mode, "Which way is better; the metric's own unless given.",
                 config::choices({"min", "max"}))
          .field("n", &K::n, "How many points, of all methods but a grid.", at_least(1))
          .field("seed", &K::seed, "Chooses the points.", at_least(0))
          .field("factor", &K::factor,
                 "Of halving: one of so many points goes on, with so many times the steps.",
                 at_least(2))
          .build();
  return spec;
}

const RecordSpec& split_record() { return record_spec(static_cast<const SplitKeys*>(nullptr)); }
const RecordSpec& data_record() { return record_spec(static_cast<const DataKeys*>(nullptr)); }
const RecordSpec& training_record() {
  return record_spec(static_cast<const TrainingKeys*>(nullptr));
}
const RecordSpec& sweep_record() { return record_spec(static_cast<const SweepKeys*>(nullptr)); }
const RecordSpec& output_record() { return record_spec(static_cast<const OutputKeys*>(nullptr)); }

}  // namespace fdl::job
