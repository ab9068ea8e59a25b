// `state:` of a model or module: tags that carry a value from one call to the next.
#include "lib/graph/states.h"

#include <cmath>

#include "lib/catalog/catalog.h"
#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

State::Reset reset_of(const std::string& name) {
  if (name == "never") return State::Reset::Never;
  return name == "epoch" ? State::Reset::Epoch : State::Reset::Sequence;
}

// With the batch axis.
catalog::TensorType type_of_keys(const StateKeys& keys) {
  catalog::TensorType out;
  out.dtype = *catalog::parse_dtype(keys.dtype);
  out.shape.push_back(catalog::Dim::named("B"));
  for (const std::int64_t size : keys.shape) out.shape.emplace_back(size);
  return out;
}

void collect_tags(const config::Node& node, std::map<std::string, Span>& out) {
  for (const config::Node& item : node.items) collect_tags(item, out);
  for (const config::Entry& entry : node.entries) {
    if (entry.key == "tag" && entry.value.is_scalar())
      out.insert_or_assign(entry.value.text, entry.value.span);
    else
      collect_tags(entry.value, out);
  }
}

}  // namespace

const config::RecordSpec& record_spec(const StateKeys*) {
  using K = StateKeys;
  static const config::RecordSpec spec =
      config::RecordBuilder<K>("state",
                               "What a tag carries from one call of the model to the next.")
          .field("shape", &K::shape, "Its axes, without the batch axis.", config::required,
                 config::at_least(1))
          .field("dtype", &K::dtype, "Its numbers.", config::choices(catalog::dtype_names()))
          .field("init", &K::init,
                 "The initializer of what the first call reads, the same for every sample; null is "
                 "zeros.")
          .field(
              "reset", &K::reset,
              "When it begins anew: at each sequence, at each epoch, or never, going on from one "
              "batch to the next.",
              config::choices({"sequence", "epoch", "never"}))
          .field("bptt", &K::bptt,
                 "Calls until an update is made and gradients are cut; null is a whole sequence.",
                 config::at_least(1))
          .build();
  return spec;
}

const config::RecordSpec& state_record() {
  return record_spec(static_cast<const StateKeys*>(nullptr));
}

std::optional<Span> Builder::tag_place(const std::string& name) {
  if (!file_->tag_places) {
    file_->tag_places.emplace();
    for (const char* section : {"model", "modules"}) {
      const config::Node* node = file_->manifest.root.find(section);
      if (node != nullptr) collect_tags(*node, *file_->tag_places);
    }
  }
  const auto found = file_->tag_places->find(name);
  if (found == file_->tag_places->end()) return std::nullopt;
  return found->second;
}

catalog::Init Builder::read_state_init(const config::Node& init, const std::string& name,
                                       const catalog::TensorType& type, const Span& span) {
  if (init.is_null()) return {};
  const auto choice = catalog::read_choice(catalog::EntryKind::Initializer, init, {}, problems_);
  if (!choice) return {};
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 1; i < type.shape.size(); ++i) sizes.push_back(type.shape[i].number());
  const auto made = choice->spec->initial(choice->params.get(), sizes);
  std::string why = made ? "" : made.error();
  const bool is_constant = made && made->kind == catalog::Init::Kind::Constant;
  if (made && !catalog::is_floating(type.dtype) && !(is_constant && made->a == std::floor(made->a)))
    why = fmt::format("it is {}", to_string(type.dtype));
  if (why.empty()) return *made;
  problems_.add(error(Code::ShapeMismatch, choice->span, "'{}' cannot make the state '{}': {}",
                      choice->name(), name, why)
                    .note_at(span, "declared here"));
  return {};
}

// A state with a mistake in it still has its name, so that its readers are not reported too.
void Builder::declare_state(const config::Entry& entry, const Place& place) {
  const auto index = static_cast<int>(graph_.states.size());
  if (const auto former = place.tags->define(entry.key, {kUnknown, entry.key_span, index})) {
    problems_.add(error(Code::NameCollision, entry.key_span,
                        "the state '{}' has the name of an input", entry.key)
                      .note_at(former->span, "the input is here")
                      .help("rename one of them"));
    return;
  }
  State& state = graph_.states.emplace_back();
  slots_.push_back({entry.key, place.block, std::nullopt, false});
  state.span = entry.key_span;
  state.path = place.path->join(entry.key);
  const config::Node value = file_->interpolator.resolve(entry.value, *place.names);
  if (value.broken) return;
  StateKeys keys;
  Diagnostics found;
  config::bind_record(state_record(), value, &keys, found);
  const bool is_read = !found.has_errors();
  problems_.add(std::move(found));
  const auto [claim, is_new] = claimed_.emplace("state " + state.path, entry.key_span);
  if (!is_new) {
    problems_.add(
        error(Code::NameCollision, entry.key_span, "two states claim the path '{}'", state.path)
            .note_at(claim->second, "the other one is here")
            .help("give one of the `use` steps that bring them in a `name:`"));
  }
  if (!is_read) return;
  const catalog::TensorType type = type_of_keys(keys);
  state.init = read_state_init(keys.init, entry.key, type, entry.key_span);
  state.reset = reset_of(keys.reset);
  state.bptt = keys.bptt.value_or(0);
  state.read = add_value(type, state.path, entry.key_span);
}

std::vector<int> Builder::declare_states(const config::Node& owner, const Place& place) {
  const config::Node* section = owner.find("state");
  if (section == nullptr || section->is_null() || section->broken) return {};
  if (!section->is_map()) {
    problems_.add(
        config::wrong_type(*section, "state", "a map of tags, such as {memory: {shape: [32]}}"));
    return {};
  }
  const bool is_once = place.block == &graph_.root;
  if (!is_once) {
    problems_.add(error(Code::BadState, section->span,
                        "a module with state is used inside a loop or a switch, which does not run "
                        "it once a call for every sample")
                      .help("use it outside, or carry the value in the loop's stream"));
  }
  std::vector<int> out;
  for (const config::Entry& entry : section->entries) {
    const std::size_t before = graph_.states.size();
    declare_state(entry, place);
    if (graph_.states.size() > before && is_once) out.push_back(static_cast<int>(before));
  }
  return out;
}

ValueId Builder::value_of(const TagScope::Tag& tag) {
  if (tag.state < 0) return tag.value;
  const auto index = static_cast<std::size_t>(tag.state);
  if (slots_[index].written_at) return graph_.states[index].written;
  slots_[index].is_read = true;
  return graph_.states[index].read;
}

void Builder::write_state(int index, const Step& step, ValueId made, const Place& place) {
  State& state = graph_.states[static_cast<std::size_t>(index)];
  Slot& slot = slots_[static_cast<std::size_t>(index)];
  if (slot.written_at) {
    problems_.add(
        error(Code::DuplicateTag, step.tag_span, "the state '{}' is written twice", slot.name)
            .note_at(*slot.written_at, "it was written here first")
            .help("rename one of them; copies of a flow have states of their own when the flow is "
                  "a module with `state:`"));
    return;
  }
  slot.written_at = step.tag_span;
  // What the steps around compute in is theirs: a state keeps the digits that it is declared with.
  if (place.precision && made != kUnknown && state.read != kUnknown)
    made = cast(made, type_of(state.read).dtype, place);
  state.written = made;
  if (place.block != slot.block) {
    problems_.add(error(Code::BadState, step.tag_span,
                        "the state '{}' is written inside a loop or a switch", slot.name)
                      .note_at(state.span, "declared here")
                      .help("a state is written once a call for every sample: tag what comes out"));
  } else if (made != kUnknown && state.read != kUnknown &&
             !(type_of(made) == type_of(state.read))) {
    problems_.add(
        with_origin(error(Code::ShapeMismatch, step.tag_span,
                          "the state '{}' is declared as {}, but this writes {}", slot.name,
                          to_string(type_of(state.read)), to_string(type_of(made)))
                        .note_at(state.span, "declared here"),
                    made));
  }
}

// Where another mistake kept a step from being read, nothing is said about the tag it writes.
void Builder::check_states(const std::vector<int>& declared) {
  for (const int index : declared) {
    const State& state = graph_.states[static_cast<std::size_t>(index)];
    const Slot& slot = slots_[static_cast<std::size_t>(index)];
    if (problems_.has_errors() && (slot.written_at || tag_place(slot.name))) continue;
    if (!slot.written_at) {
      problems_.add(
          error(Code::BadState, state.span, "no step writes the state '{}'", slot.name)
              .help("give the step whose output the next call reads `tag: {}`", slot.name));
    } else if (!slot.is_read) {
      problems_.add(
          error(Code::BadState, state.span,
                "no step reads the state '{}' before it is written, so it carries nothing",
                slot.name)
              .note_at(*slot.written_at, "it is written here")
              .help("remove it from `state:`, or read it in an earlier step"));
    }
  }
}

// One job makes its updates at one pace.
void Builder::check_bptt() {
  const auto words = [](std::int64_t bptt) {
    return bptt == 0 ? std::string("null") : std::to_string(bptt);
  };
  for (const State& state : graph_.states) {
    const State& first = graph_.states.front();
    if (state.bptt == first.bptt || problems_.has_errors()) continue;
    problems_.add(error(Code::BadState, state.span,
                        "the states '{}' and '{}' have a bptt of {} and of {}", first.path,
                        state.path, words(first.bptt), words(state.bptt))
                      .note_at(first.span, "the other one is here")
                      .help("give all states of a model the same `bptt`"));
  }
}

}  // namespace fdl::graph
