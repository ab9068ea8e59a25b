#include "lib/graph/construct_list.h"

namespace fdl::graph {
namespace {

constexpr ConstructSpec kConstructs[] = {
    {"flow", "A group of steps; with a `name`, a segment of the paths inside.", "a list of steps",
     "- name: encoder\n  flow: [{ linear: 16 }, relu]\n"},
    {"also", "A residual: the stream joined with what a flow makes of it (out = x + f(x)).",
     "a list of steps, or `main` and `skip`, each a list of steps; `merge` beside it",
     "- also: [{ linear: 8 }, relu]\n"},
    {"split", "Branches that all read the same stream, and join.",
     "a map of names to flows or a list of flows, at least two; `merge` beside it: add, mean, mul, "
     "max, min, stack or {concat: {dim: 1}}",
     "- split: { a: [{ linear: 4 }], b: [relu] }\n  merge: { concat: { dim: 1 } }\n"},
    {"fork", "A side branch: the stream goes on unchanged, the tag names what the branch makes.",
     "`flow`, a list of steps, and `tag`", "- fork: { flow: [{ linear: 2 }], tag: side }\n"},
    {"repeat", "Copies one after the other, each with weights of its own; `${index}` counts them.",
     "`times` and `flow`", "- name: layer\n  repeat: { times: 3, flow: [{ linear: 8 }, relu] }\n"},
    {"loop", "The same steps with the same weights again and again.",
     "`times` and `body`; or `while` or `until`, a flow that gives one number per sample (above 0 "
     "is true), `max`, `body`, and `per_sample`, which halts the samples one by one. `trace` says "
     "what to keep of each turn, stacked along a new axis 1, with zeros for turns that a condition "
     "leaves out: a tag for the stream, a list of the body's tags, or a map of tags to those "
     "(`output` is the stream, `turns` how many each sample had); `true` makes the stream's the "
     "port `trace`",
     "- loop: { while: [{ linear: 1 }], max: 5, body: [{ linear: 8 }, tanh] }\n"},
    {"gate", "Soft routing: the weights of a router mix what the experts make.",
     "`router`, a flow to one weight per expert; `experts`, flows or {copies, flow}; `top_k`, how "
     "many of the weights count; `balance_loss`, what an uneven load costs",
     "- gate:\n    router: [{ linear: 4 }, { softmax: { dim: -1 } }]\n"
     "    experts: { copies: 4, flow: [{ linear: 8 }] }\n    top_k: 2\n"},
    {"switch", "Hard routing: each sample goes through the branch that the selector names.",
     "`selector`, a flow to one integer per sample; `branches`, at least two flows", ""},
    {"map", "A flow over each position of an axis, or over slices of it, batched.",
     "`body`; `each: true` along `dim` (1), or `slices: n` along `dim` (-1); `over`, a tag to read "
     "instead of the stream",
     "- map: { slices: 2, body: [{ linear: 3 }] }\n"},
    {"use", "A module from `modules:`, the model of another file, or one of the zoo.",
     "a name, ./path.yml or zoo/name; `with` beside it sets its params", ""},
    {"add", "The stream plus tagged values, as PyTorch broadcasts them.", "a tag or a list of tags",
     "- { linear: 8, tag: a }\n- relu\n- add: [a]\n"},
    {"mul", "The stream times tagged values, as PyTorch broadcasts them.",
     "a tag or a list of tags", "- { linear: 8, tag: a }\n- sigmoid\n- mul: [a]\n"},
    {"concat", "The stream and tagged values end to end along an axis.",
     "a tag or a list of tags, or `with` (those) and `dim` (1)",
     "- { linear: 4, tag: a }\n- relu\n- concat: { with: [a], dim: 1 }\n"},
};

constexpr StepKeySpec kStepKeys[] = {
    {"name", "The segment of paths, dotted if wanted; else `<kind>_<n>`."},
    {"tag", "Names this step's output for later steps; the ports of a module are `tag.port`."},
    {"using", "Further inputs by tag: a list in their order, or a map by their names."},
    {"from", "Takes the stream from a tag or model input, or from {arange: T}: 0, 1, ..."},
    {"port", "Which output of a step that has several becomes the stream."},
    {"merge", "How the branches of `also` and `split` join."},
    {"with", "The params of what `use` calls."},
    {"init",
     "How a module's tensors begin: {weight: {kaiming_normal: {mode: fan_out}}, bias: zeros}."},
    {"parametrize",
     "Computes a module's tensors from others before each forward: {weight: weight_norm}, {weight: "
     "{spectral_norm: {n_power_iterations: 2}}}; of a list each takes what the one before makes: "
     "{weight: [weight_norm, spectral_norm]}."},
    {"freeze",
     "Leaves the parameters inside as they are; {bn: train} keeps running statistics "
     "going."},
    {"load",
     "Begins with the values in a safetensors file, a Hugging Face folder or a run: a path, or "
     "{from, prefix, rename, strict}."},
    {"recompute",
     "true: the values inside are not kept for the backward pass but computed again in it, which "
     "takes less memory and more time. Masks and running statistics are those of the first time."},
    {"precision",
     "f32, bf16, f16 or f64: what is inside computes in that dtype. Floating-point values are cast "
     "on the way in and back on the way out; parameters stay f32 and are cast on use. Modules with "
     "running statistics, and those without such kernels, compute in f32 all the same."},
};

}  // namespace

std::span<const ConstructSpec> constructs() { return kConstructs; }

std::vector<std::string> construct_names() {
  std::vector<std::string> out;
  for (const ConstructSpec& construct : kConstructs) out.emplace_back(construct.name);
  return out;
}

std::span<const StepKeySpec> step_keys() { return kStepKeys; }

const std::vector<std::string>& common_step_keys() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> out;
    for (const StepKeySpec& key : kStepKeys) out.emplace_back(key.name);
    return out;
  }();
  return kNames;
}

}  // namespace fdl::graph
