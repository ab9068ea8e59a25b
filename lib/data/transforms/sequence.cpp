#include "lib/data/transforms/sequence.h"

#include <algorithm>
#include <cstring>

#include "lib/catalog/transforms/mask_tokens.h"
#include "lib/catalog/transforms/window.h"

namespace fdl::data {
namespace {

using tensor::RandomStream;
using tensor::StreamKey;

constexpr std::int64_t kLeftOut = -100;  // what losses leave out

class MaskTokens : public SequenceStage {
 public:
  MaskTokens(const catalog::MaskTokensParams& p, std::size_t entry_bytes)
      : p_(p), tokens_per_entry_(static_cast<std::int64_t>(entry_bytes / sizeof(std::int64_t))) {}

  // Each token takes three draws, whatever becomes of it: the tokens and their labels draw alike.
  void apply(const std::byte* from, std::byte* to, std::int64_t length,
             StreamKey key) const override {
    const auto* tokens = reinterpret_cast<const std::int64_t*>(from);
    auto* out = reinterpret_cast<std::int64_t*>(to);
    RandomStream stream(key);
    for (std::int64_t i = 0; i < length * tokens_per_entry_; ++i) {
      const double chosen = stream.uniform(), kind = stream.uniform();
      const auto any = static_cast<std::int64_t>(stream.uniform() * static_cast<double>(p_.vocab));
      const bool may = std::find(p_.never.begin(), p_.never.end(), tokens[i]) == p_.never.end();
      const bool is_chosen = may && chosen < p_.p;
      if (p_.labels)
        out[i] = is_chosen ? tokens[i] : kLeftOut;
      else
        out[i] = is_chosen ? replaced(tokens[i], kind, any) : tokens[i];
    }
  }

 private:
  std::int64_t replaced(std::int64_t token, double kind, std::int64_t any) const {
    if (kind < p_.random) return any;
    return kind < p_.random + p_.keep ? token : p_.mask;
  }

  catalog::MaskTokensParams p_;
  std::int64_t tokens_per_entry_;
};

class Window : public SequenceStage {
 public:
  Window(const catalog::WindowParams& p, std::size_t entry_bytes)
      : p_(p), entry_bytes_(entry_bytes) {}

  std::int64_t output_length(std::int64_t length) const override {
    return std::min(length, p_.size);
  }

  void apply(const std::byte* from, std::byte* to, std::int64_t length,
             StreamKey key) const override {
    const std::int64_t room = length - output_length(length);
    std::uint64_t start = 0;
    if (room > 0 && p_.at == "random")
      start = RandomStream(key).below(static_cast<std::uint64_t>(room) + 1);
    std::memcpy(to, from + start * entry_bytes_,
                static_cast<std::size_t>(output_length(length)) * entry_bytes_);
  }

 private:
  catalog::WindowParams p_;
  std::size_t entry_bytes_;
};

}  // namespace

std::unique_ptr<SequenceStage> make_sequence_stage(const catalog::Choice& choice,
                                                   std::size_t entry_bytes) {
  if (choice.name() == "mask_tokens")
    return std::make_unique<MaskTokens>(choice.as<catalog::MaskTokensParams>(), entry_bytes);
  if (choice.name() == "window")
    return std::make_unique<Window>(choice.as<catalog::WindowParams>(), entry_bytes);
  return nullptr;
}

}  // namespace fdl::data
