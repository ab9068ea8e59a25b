// Sequences of tokens.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "lib/data/sources/synthetic.h"

namespace fdl::data {
namespace {

using tensor::RandomStream;

constexpr double kSure = 0.9;  // how often a token follows the rule

std::uint64_t lane(std::int64_t number) { return static_cast<std::uint64_t>(number); }

std::int64_t below(RandomStream& stream, std::int64_t limit) {
  return static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(limit)));
}

// `size` numbers below `limit`: a rule from tokens to something.
std::vector<std::int64_t> drawn_rule(tensor::StreamKey key, std::int64_t size, std::int64_t limit) {
  RandomStream stream(key);
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < size; ++i) out.push_back(below(stream, limit));
  return out;
}

// Where the field of tokens stands among the inputs: the first of integers that has an axis.
std::size_t main_field(const std::vector<job::Field>& fields) {
  std::size_t i = 0;
  while (fields[i].num_classes == 0 || fields[i].type.shape.empty()) ++i;
  return i;
}

// [samples, num_each + 1]: each token mostly decides the next.
at::Tensor drawn_chains(const Drawer& d, const job::Field& field, std::int64_t num_each) {
  const std::int64_t vocab = field.num_classes;
  const std::vector<std::int64_t> next = drawn_rule(d.key.with("successors"), vocab, vocab);
  at::Tensor out = at::empty({d.params.samples, num_each + 1}, at::kLong);
  auto* to = out.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < d.params.samples; ++i) {
    RandomStream stream(d.key.with(field.name).with("samples"), lane(i));
    std::int64_t token = below(stream, vocab);
    for (std::int64_t k = 0; k <= num_each; ++k) {
      *to++ = token;
      const bool is_sure = stream.uniform() < kSure;
      const std::int64_t any = below(stream, vocab);
      token = is_sure ? next[static_cast<std::size_t>(token)] : any;
    }
  }
  return out;
}

// [samples, num_each]: half of the tokens are of the kind that the sample's class likes.
at::Tensor drawn_by_class(const Drawer& d, const job::Field& field, std::int64_t num_each,
                          const at::Tensor& labels) {
  const std::int64_t vocab = field.num_classes, classes = d.params.classes;
  at::Tensor out = at::empty({d.params.samples, num_each}, at::kLong);
  auto* to = out.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < d.params.samples; ++i) {
    RandomStream stream(d.key.with(field.name).with("samples"), lane(i));
    const std::int64_t own = labels.const_data_ptr<std::int64_t>()[i] % vocab;
    const std::int64_t num_own = (vocab - own + classes - 1) / classes;
    for (std::int64_t k = 0; k < num_each; ++k) {
      const bool is_own = stream.uniform() < 0.5;
      const std::int64_t any = below(stream, vocab);
      *to++ = is_own ? own + classes * (any % num_own) : any;
    }
  }
  return out;
}

struct Drawn {
  at::Tensor tokens, target;
};

// Tokens, and a class for each of them that follows from the token.
Drawn draw_tags(const Drawer& d, const job::Field& field, std::int64_t num_each) {
  const std::vector<std::int64_t> tags =
      drawn_rule(d.key.with("tags"), field.num_classes, d.params.classes);
  Drawn out;
  out.tokens = drawn_chains(d, field, num_each).narrow(1, 0, num_each).contiguous();
  out.target = at::empty_like(out.tokens);
  const auto* from = out.tokens.const_data_ptr<std::int64_t>();
  auto* to = out.target.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < out.tokens.numel(); ++i)
    to[i] = tags[static_cast<std::size_t>(from[i])];
  return out;
}

// Tokens of a class; the target is its number, or numbers in (-1, 1) that follow from it.
Drawn draw_of_class(const Drawer& d, const job::Field& field, std::int64_t num_each) {
  const at::Tensor labels = d.labels();
  Drawn out{drawn_by_class(d, field, num_each, labels), labels};
  if (!is_floating(d.target().type.dtype)) return out;
  const std::int64_t width = d.empty(d.target())[0].numel();
  at::Tensor numbers = at::empty({d.params.classes, width}, at::kFloat);
  tensor::fill_uniform(
      {numbers.mutable_data_ptr<float>(), static_cast<std::size_t>(numbers.numel())},
      d.key.with("numbers"), -1, 1);
  out.target = numbers.index_select(0, labels);
  return out;
}

Drawn draw(const Drawer& d, const job::Field& field, std::int64_t num_each) {
  const bool is_next = d.is_copy || d.params.target.empty() || d.params.target == "next";
  if (is_next) {
    const at::Tensor chains = drawn_chains(d, field, num_each);
    return {chains.narrow(1, 0, num_each), chains.narrow(1, 1, num_each)};
  }
  const bool is_each =
      d.target().type.shape == field.type.shape && d.target().type.dtype == catalog::DType::I64;
  return is_each ? draw_tags(d, field, num_each) : draw_of_class(d, field, num_each);
}

}  // namespace

std::vector<FieldValues> draw_tokens(const Drawer& d) {
  const std::size_t main = main_field(d.fields);
  const at::Tensor shape = d.empty(d.fields[main]);
  const Drawn drawn = draw(d, d.fields[main], shape[0].numel());
  std::vector<FieldValues> out;
  for (std::size_t i = 0; i + 1 < d.fields.size(); ++i) {
    const job::Field& field = d.fields[i];
    at::Tensor values =
        i != main ? d.any(field) : drawn.tokens.reshape(shape.sizes()).to(shape.scalar_type());
    out.push_back(d.values(field, values.contiguous()));
  }
  if (d.is_copy) return out;
  const at::Tensor target = d.empty(d.target());
  out.push_back(d.values(
      d.target(), drawn.target.reshape(target.sizes()).to(target.scalar_type()).contiguous()));
  return out;
}

}  // namespace fdl::data
