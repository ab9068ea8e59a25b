#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/bind.h"
#include "lib/config/layers.h"
#include "lib/graph/graph.h"
#include "lib/graph/scopes.h"

namespace fdl::graph {

// A step taken apart: its module or construct, and the common keys beside it.
struct Step {
  std::string kind;    // "linear", "also"; "" for a step of only `tag`
  Span span;           // of the word or key
  config::Node value;  // what stands under the key
  std::string name, tag, from, port;
  Span name_span, tag_span, from_span, port_span;
  const config::Node* source = nullptr;  // of `from`, when it is no tag
  const config::Node* using_node = nullptr;
  const config::Node* merge = nullptr;  // beside `also` and `split`
  const config::Node* with = nullptr;   // beside `use`
  std::optional<Freeze> freeze;
  std::optional<catalog::DType> precision;
  bool recompute = false;
  const config::Node* init = nullptr;         // beside a module
  const config::Node* parametrize = nullptr;  // likewise
  const config::Node* load = nullptr;
  Span load_span;
};

// What a step makes: the stream, and by name all outputs where there are several.
struct Produced {
  Produced(ValueId value) : stream(value) {}
  ValueId stream;
  std::vector<NamedValue> ports;
};

// Flows under their names, as they stand in the tree.
using NamedFlows = std::vector<std::pair<std::string, const config::Node*>>;

// Whether something in it could not be resolved, which has been reported; null is nothing.
bool has_broken(const config::Node* node);

// Builds one graph. Split over files by what the steps are: steps.cpp, modules.cpp,
// constructs.cpp, merges.cpp and so on.
class Builder {
 public:
  Builder(const config::Manifest& manifest, const config::Environment& environment,
          Diagnostics& problems);
  Graph build();

 private:
  // How far the state of the same index in Graph::states has come.
  struct Slot {
    std::string name;
    const Block* block = nullptr;  // in which it stands
    std::optional<Span> written_at;
    bool is_read = false;
  };

  // A manifest whose steps are read: the job's own, or one that a `use` brought in.
  struct File {
    File(config::Manifest m, const config::Environment& environment, Diagnostics& problems)
        : manifest(std::move(m)), interpolator(manifest.root, environment, problems) {}
    config::Manifest manifest;
    config::Interpolator interpolator;
    std::vector<NamedValue> inputs;                // the model's
    std::vector<catalog::TensorType> input_types;  // as it declares them
    // The last place of each `tag:`, once somebody asks.
    std::optional<std::map<std::string, Span>> tag_places;
  };

  // build.cpp
  void read_inputs(const config::Node& model, TagScope& tags);
  std::optional<catalog::TensorType> read_input_type(const config::Entry& entry);
  std::vector<NamedValue> read_outputs(const config::Node& model, const TagScope& tags,
                                       ValueId last);
  void read_assumed(const config::Node& model);
  ValueId add_value(catalog::TensorType type, std::string path, Span span);
  bool claim(const std::string& path, const Span& span);
  Node& add_node(const Place& place, Node node);

  // steps.cpp
  ValueId run_flow(const config::Node& steps, ValueId stream, const Place& place,
                   bool own_scope = true);
  // Counts a step or a copy; false, and reported once, when there are too many.
  bool may_go_on(const Span& at);
  ValueId run_step(const config::Node& node, ValueId stream, const Place& place);
  bool read_step(const config::Node& node, const Place& place, Step& step);
  bool choose_kind(const config::Node& node, Step& step);
  void read_common_keys(const config::Node& node, const Place& place, Step& step);
  Produced dispatch(const Step& step, ValueId stream, const Place& place);
  void choose_port(const Step& step, Produced& made);
  void define_tag(const Step& step, const Produced& made, const Place& place);
  void read_freeze(const config::Node& node, const Place& place, Step& step);
  ValueId look_up_tag(const std::string& name, const Span& span, const Place& place);
  std::string read_word(const config::Node& node, std::string_view what, const Place& place);
  // Inputs by name: the stream first, the others from `using`. Empty when it cannot be read.
  // An optional one that is not given is kAbsent.
  std::vector<ValueId> gather_inputs(const std::vector<catalog::InputSpec>& specs, const Step& step,
                                     ValueId stream, const Place& place);
  // The path scope inside a construct: its own when it is named, else the one around it.
  std::shared_ptr<PathScope> scope_of(const Step& step, const Place& place) const;

  // states.cpp
  // The `state:` of a model or module: makes their names seen in `place.tags`; gives their indices.
  std::vector<int> declare_states(const config::Node& owner, const Place& place);
  void declare_state(const config::Entry& entry, const Place& place);
  catalog::Init read_state_init(const config::Node& init, const std::string& name,
                                const catalog::TensorType& type, const Span& span);
  // What a tag stands for at this place; of a state, the former call's value until it is written.
  ValueId value_of(const TagScope::Tag& tag);
  void write_state(int index, const Step& step, ValueId made, const Place& place);
  // After their steps: each was read, then written.
  void check_states(const std::vector<int>& declared);
  void check_bptt();
  // Where a step of the file that is being read writes the tag, if one does.
  std::optional<Span> tag_place(const std::string& name);
  // precision.cpp
  void read_recompute(const config::Node& node, const Place& place, Step& step);
  void read_precision(const config::Node& node, const Place& place, Step& step);
  // How the step and what is in it run: sets `inside`, a copy of the place around it.
  void enter(const Step& step, ValueId stream, Place& inside);
  // The value in that dtype, when it is a floating-point one.
  ValueId cast(ValueId value, std::optional<catalog::DType> dtype, const Place& place);
  Produced cast(Produced made, std::optional<catalog::DType> dtype, const Place& place);
  // Whether a module here has to compute in f32 and give what is wanted here.
  bool computes_in_f32(const catalog::ModuleSpec& spec, const Place& place) const;
  // Whether it has a precision, but no input that shows it: an embedding of integers.
  bool computes_by_parameters(const Node& node) const;
  bool fits_parameters(const Step& step, const Node& node, const Place& place);

  // modules.cpp
  Produced run_module(const Step& step, ValueId stream, const Place& place);
  Produced add_module(Node node, const std::vector<catalog::TensorType>& outputs,
                      const Place& place);
  std::shared_ptr<void> bind_params(const catalog::ModuleSpec& spec, const Step& step,
                                    const Place& place, const std::string& path);
  bool check_dtypes(const catalog::ModuleSpec& spec, const Step& step, const std::string& path,
                    const std::vector<ValueId>& inputs);
  void own_tensors(const catalog::ModuleSpec& spec, const Place& place, Node& node);
  // initial_values.cpp: `init:` of the tensors that the node owns
  void read_initial_values(const config::Node& values, const Node& node);
  // loads.cpp: `load:` beside a step, whose tensors begin at `first_tensor`, and `model.load`
  void read_step_load(const Step& step, std::size_t first_tensor, bool is_built,
                      const Place& place);
  void read_model_loads(const config::Node& model, std::size_t first_tensor, const Place& place);
  void read_model_load(const config::Node& item, std::size_t first_tensor, const Place& place);
  bool choose_targets(const config::Node& path, std::size_t first_tensor, const std::string& base,
                      Load& load);
  bool read_request(const config::Node& node, bool has_path, const Place& place, Load& load);
  bool read_rules(const config::Node& rename, weights::Request& out);
  void add_targets(std::size_t first_tensor, const std::string& base, Load& load);
  // parametrize.cpp: `parametrize:`, after `init:`
  void parametrize(const config::Node& list, const Place& place, Node& node);
  void parametrize_tensor(const config::Entry& entry, const Place& place, Node& node);
  bool add_parametrization(const config::Node& how, const std::string& name,
                           const OwnedTensor& tensor, const Place& place, Node& node);
  void chain_parametrization(const catalog::Choice& choice,
                             const std::vector<catalog::OriginalTensor>& by,
                             const OwnedTensor& tensor, const Place& place, Node& node);
  void add_original(const catalog::OriginalTensor& original, const std::string& long_name,
                    const OwnedTensor& computed, int source, Node& node);
  void replace_tensor(const catalog::Choice& choice, const std::vector<catalog::OriginalTensor>& by,
                      const std::string& name, const Place& place, Node& node);
  Produced run_use(const Step& step, ValueId stream, const Place& place);
  bool bind_module_params(const config::Node& declaration, const Step& step, const Place& place,
                          config::NameScope& names);
  const config::Node* find_declaration(const std::string& name, const Span& span);

  // files.cpp
  Produced run_use_file(const Step& step, ValueId stream, const Place& place);
  std::vector<ValueId> file_inputs(const Step& step, const config::Node& inputs, ValueId stream,
                                   const Place& place);
  std::unique_ptr<File> open_file(const Step& step, const std::string& name, const Place& place);
  bool bind_file_inputs(const Step& step, std::vector<ValueId>& values, const Place& place,
                        File& file);
  std::optional<config::Node> inherited_inputs(const config::Node& model);

  // ties.cpp
  void tie_tensors(const config::Node& model);
  int find_tensor(const config::Node& path);  // -1 when there is none, which is reported
  void drop_tied(const std::vector<int>& stands_for);

  // constructs.cpp
  ValueId run_group(const Step& step, ValueId stream, const Place& place);
  ValueId run_also(const Step& step, ValueId stream, const Place& place);
  ValueId run_split(const Step& step, ValueId stream, const Place& place);
  ValueId run_repeat(const Step& step, ValueId stream, const Place& place);
  ValueId run_fork(const Step& step, ValueId stream, const Place& place);
  // Between 1 and `limit`; `key` is how messages name it.
  bool read_times(std::string_view key, const config::Node& value, const Place& place,
                  std::int64_t limit, std::int64_t& times);
  // Whether the step's map has all `keys` and else only `optional` ones; reports what is not so.
  bool only_keys(const Step& step, const std::vector<std::string>& keys,
                 const std::vector<std::string>& optional = {});
  // The value under `key` of the step's map as a T, or `out` as it is when there is none.
  template <typename T>
  bool read_option(const Step& step, std::string_view key, const Place& place, T& out);

  // control.cpp
  Produced run_loop(const Step& step, ValueId stream, const Place& place);
  // traces.cpp: the loop's `trace:`, its body's tags being `body`. Values of the body, each with
  // the tag or port that it gets outside.
  struct Trace {
    std::string name;
    Span span;
    ValueId value = kUnknown;
    bool is_port = false;
    bool is_count = false;  // of the turns
  };
  std::vector<Trace> read_traces(const Step& step, const TagScope& body, ValueId stream,
                                 const Place& place);
  std::optional<Trace> trace_of(const std::string& name, const config::Node& tag,
                                const TagScope& body, ValueId stream);
  ValueId add_stack(const Step& step, const Trace& trace, Node& node);
  ValueId add_count(const Step& step, Node& node);
  Produced add_traces(const Step& step, const std::vector<Trace>& traces, const Place& place,
                      Node node);
  bool read_loop(const Step& step, const Place& place, Node& node);
  bool add_condition(const Step& step, ValueId stream, const Place& place, Node& node);
  // A block of its own for a flow that starts with a copy of the stream; its outputs are what the
  // flow makes, kUnknown when that is not known. `place.tags` is the flow's own scope.
  Block run_block(const config::Node& flow, ValueId stream, const Place& place,
                  const std::string& path, const Span& span);
  bool same_flow_type(const Step& step, ValueId wanted, ValueId made, const std::string& path);
  ValueId run_switch(const Step& step, ValueId stream, const Place& place);
  // Whether a selector names no branch that is not there, as far as that is known.
  bool branches_suffice(ValueId selector, const Span& span, std::size_t num_branches,
                        const Block& block);
  NamedFlows branches_of(const Step& step, const config::Node& list);

  // gate.cpp
  ValueId run_gate(const Step& step, ValueId stream, const Place& place);
  NamedFlows experts_of(const Step& step, const Place& place);
  bool gate_fits(const Step& step, ValueId weights, const Node& node);

  // mapping.cpp
  ValueId run_map(const Step& step, ValueId stream, const Place& place);
  std::optional<std::size_t> mapped_axis(const Step& step, ValueId stream, std::int64_t dim,
                                         std::int64_t slices);
  ValueId run_folded(const Step& step, ValueId stream, std::size_t axis, std::int64_t slices,
                     const Place& place, const Place& inside);
  ValueId run_source(const config::Node& source, const Place& place);

  // merges.cpp
  struct Branch {
    ValueId value = kUnknown;
    Span span;
  };
  ValueId merge(const std::vector<Branch>& branches, const Step& step, const Place& place);
  ValueId run_combine(const Step& step, ValueId stream, const Place& place);
  ValueId add_merge(MergeKind kind, std::int64_t dim, const std::vector<Branch>& branches,
                    const Step& step, const Place& place);
  bool merged_type(MergeKind kind, std::int64_t dim, const std::vector<Branch>& branches,
                   bool broadcasts, const Step& step, catalog::TensorType& type);
  Diagnostic unequal(const Step& step, const Branch& a, const Branch& b) const;

  const catalog::TensorType& type_of(ValueId value) const {
    return graph_.values[static_cast<std::size_t>(value)].type;
  }
  // "'flatten_0' gives f32[B, 784]" at the step that makes the value.
  Diagnostic with_origin(Diagnostic d, ValueId value) const;

  const config::Environment& environment_;
  Diagnostics& problems_;
  std::unique_ptr<File> main_file_;
  File* file_;                 // the one that is being read
  std::string inherits_from_;  // the file whose inputs the model takes over
  Graph graph_;
  std::vector<Slot> slots_;
  std::map<std::string, Span> claimed_;
  std::map<std::string, std::vector<std::string>> computed_;  // paths, and what they follow from
  std::vector<std::string> use_chain_;
  std::map<ValueId, ValueId> cast_from_;  // what `precision` has cast, to what it was
  int num_regions_ = 0;                   // that are recomputed
  std::int64_t num_steps_ = 0;
  bool too_many_ = false;
};

template <typename T>
bool Builder::read_option(const Step& step, std::string_view key, const Place& place, T& out) {
  const config::Node* given = step.value.find(key);
  if (given == nullptr) return true;
  const config::Node value = file_->interpolator.resolve(*given, *place.names);
  if (value.broken) return false;
  if (config::ValueTraits<T>::read(value, out)) return true;
  problems_.add(config::wrong_type(value, key, config::ValueTraits<T>::type()));
  return false;
}

// Whether a `use` names a file ("./encoder.yml") or the zoo ("zoo/lenet5"), not a module.
bool is_file_name(const std::string& name);

}  // namespace fdl::graph
