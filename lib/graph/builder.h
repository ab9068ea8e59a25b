#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
  const config::Node* using_node = nullptr;
  const config::Node* merge = nullptr;  // beside `also` and `split`
  const config::Node* with = nullptr;   // beside `use`
  const config::Node* init = nullptr;   // beside a module
};

// What a step makes: the stream, and by name all outputs where there are several.
struct Produced {
  Produced(ValueId value) : stream(value) {}
  ValueId stream;
  std::vector<NamedValue> ports;
};

// Builds one graph. Split over files by what the steps are: steps.cpp, modules.cpp,
// constructs.cpp, merges.cpp.
class Builder {
 public:
  Builder(const config::Manifest& manifest, const config::Environment& environment,
          Diagnostics& problems);
  Graph build();

 private:
  // build.cpp
  void read_inputs(const config::Node& model, TagScope& tags);
  void read_outputs(const config::Node& model, const TagScope& tags, ValueId last);
  ValueId add_value(catalog::TensorType type, std::string path, Span span);
  bool claim(const std::string& path, const Span& span);
  Node& add_node(const Place& place, Node node);

  // steps.cpp
  ValueId run_flow(const config::Node& steps, ValueId stream, const Place& place,
                   bool own_scope = true);
  ValueId run_step(const config::Node& node, ValueId stream, const Place& place);
  bool read_step(const config::Node& node, const Place& place, Step& step);
  bool choose_kind(const config::Node& node, Step& step);
  void read_common_keys(const config::Node& node, const Place& place, Step& step);
  Produced dispatch(const Step& step, ValueId stream, const Place& place);
  void choose_port(const Step& step, Produced& made);
  void define_tag(const Step& step, const Produced& made, const Place& place);
  ValueId look_up_tag(const std::string& name, const Span& span, const Place& place);
  std::string read_word(const config::Node& node, std::string_view what, const Place& place);
  // Inputs by name: the stream first, the others from `using`. Empty when it cannot be read.
  // An optional one that is not given is kAbsent.
  std::vector<ValueId> gather_inputs(const std::vector<catalog::InputSpec>& specs, const Step& step,
                                     ValueId stream, const Place& place);
  // The path scope inside a construct: its own when it is named, else the one around it.
  std::shared_ptr<PathScope> scope_of(const Step& step, const Place& place) const;

  // modules.cpp
  Produced run_module(const Step& step, ValueId stream, const Place& place);
  bool check_dtypes(const catalog::ModuleSpec& spec, const Step& step, const std::string& path,
                    const std::vector<ValueId>& inputs);
  void own_tensors(const catalog::ModuleSpec& spec, Node& node);
  // initial_values.cpp: `init:` of the tensors that the node owns
  void read_initial_values(const config::Node& values, const Node& node);
  Produced run_use(const Step& step, ValueId stream, const Place& place);
  bool bind_module_params(const config::Node& declaration, const Step& step, const Place& place,
                          config::NameScope& names);
  const config::Node* find_declaration(const std::string& name, const Span& span);

  // constructs.cpp
  ValueId run_group(const Step& step, ValueId stream, const Place& place);
  ValueId run_also(const Step& step, ValueId stream, const Place& place);
  ValueId run_split(const Step& step, ValueId stream, const Place& place);
  ValueId run_repeat(const Step& step, ValueId stream, const Place& place);
  ValueId run_loop(const Step& step, ValueId stream, const Place& place);
  bool read_times(const config::Node& value, const Place& place, std::int64_t limit,
                  std::int64_t& times);
  bool only_keys(const Step& step, const std::vector<std::string>& keys);

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

  const config::Manifest& manifest_;
  Diagnostics& problems_;
  config::Node root_;
  config::Interpolator interpolator_;
  Graph graph_;
  std::map<std::string, Span> claimed_;
  std::vector<std::string> use_chain_;
  std::int64_t num_steps_ = 0;
  bool too_many_ = false;
};

// The constructs that stand where a module's name may stand.
const std::vector<std::string>& construct_names();

}  // namespace fdl::graph
