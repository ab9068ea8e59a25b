#pragma once

#include <memory>

#include <c10/core/ScalarType.h>

#include "lib/catalog/catalog.h"
#include "lib/tensor/random.h"

// Transforms of pictures, one sample at a time. Each is a pure function of the sample and its key.
namespace fdl::data {

// A field of pictures: planes of height x width.
struct Pictures {
  at::ScalarType dtype = at::kFloat;
  std::int64_t planes = 1, height = 0, width = 0;

  std::int64_t num_elements() const { return planes * height * width; }
  std::size_t element_bytes() const { return c10::elementSize(dtype); }
};

class Stage {
 public:
  explicit Stage(Pictures in, Pictures out) : in_(in), out_(out) {}
  virtual ~Stage() = default;
  const Pictures& in() const { return in_; }
  const Pictures& out() const { return out_; }
  // `from` and `to` do not overlap. `key` is the sample's own.
  virtual void apply(const std::byte* from, std::byte* to, tensor::StreamKey key) const = 0;

 private:
  Pictures in_, out_;
};

// The stage of a chosen transform of pictures.
std::unique_ptr<Stage> make_stage(const catalog::Choice& choice, const Pictures& in);

// The parts of make_stage; null for a transform that is another's.
std::unique_ptr<Stage> make_moving(const catalog::Choice& choice, const Pictures& in);
std::unique_ptr<Stage> make_sampling(const catalog::Choice& choice, const Pictures& in);
std::unique_ptr<Stage> make_colouring(const catalog::Choice& choice, const Pictures& in);

}  // namespace fdl::data
