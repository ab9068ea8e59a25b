// Where the numbers of a chain lie. Parts of one group have one time: they go over the rows
// together, so that memory passes from one to the other only where an output takes its input's
// place.
#include <algorithm>

#include "lib/plan/arena.h"
#include "lib/plan/chains.h"

namespace fdl::plan {
namespace {

bool keeps_input(Kernel kernel) {
  return kernel == Kernel::Product || kernel == Kernel::Gelu || kernel == Kernel::Silu ||
         kernel == Kernel::LayerNorm;
}

bool keeps_output(Kernel kernel) {
  return kernel == Kernel::Relu || kernel == Kernel::Tanh || kernel == Kernel::Sigmoid;
}

// Floats beside values: a mask, or the mean and the inverse deviation of each row.
// Without a backward pass values are dropped too: where a region runs that will be recomputed.
std::int64_t num_kept(const Chain::Part& part, std::int64_t num_rows) {
  if (part.kernel == Kernel::Dropout) return num_rows * part.width;
  return part.kernel == Kernel::LayerNorm ? 2 * num_rows : 0;
}

// Numbers that have one place: one part's, or several parts' one after the other.
struct Buffer {
  int first, last;
  std::int64_t size;
  int make;  // its memory is that of this one of the chain's makes; -1 of none
};

class Layout {
 public:
  Layout(const Chain& chain, std::int64_t num_rows, bool trains)
      : chain_(chain), num_rows_(num_rows), trains_(trains), num_parts_(chain.parts.size()) {
    time_.resize(num_parts_);
    const auto groups = groups_of(chain);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (int i = groups[g].first; i < groups[g].second; ++i) time_[at(i)] = static_cast<int>(g);
    }
    end_ = static_cast<int>(groups.size());
    readers_.resize(num_parts_);
    make_of_.assign(num_parts_, -1);
    for (std::size_t i = 0; i < num_parts_; ++i) {
      for (const int input : chain.parts[i].inputs) {
        if (input >= 0) readers_[at(input)].push_back(static_cast<int>(i));
      }
    }
    for (std::size_t k = 0; k < chain.makers.size(); ++k)
      make_of_[at(chain.makers[k])] = static_cast<int>(k);
  }

  ChainLayout whole() {
    ChainLayout out;
    lay_values(out);
    if (trains_) lay_gradients(out);
    return out;
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  const Chain::Part& part(int index) const { return chain_.parts[at(index)]; }

  // Whether the part is the only one that ever looks at that input, so that it may take its place.
  bool is_sole_reader(int index, int input) const {
    return input >= 0 && readers_[at(input)].size() == 1 && make_of_[at(input)] < 0 &&
           part(input).width == part(index).width;
  }

  bool is_kept(int index) const {
    if (!trains_) return false;
    const auto& readers = readers_[at(index)];
    return keeps_output(part(index).kernel) ||
           std::any_of(readers.begin(), readers.end(),
                       [&](int reader) { return keeps_input(part(reader).kernel); });
  }

  // The input whose place the output takes, or -1.
  int taken_input(int index) const {
    const Kernel kernel = part(index).kernel;
    if (kernel == Kernel::Product) return -1;
    for (const int input : part(index).inputs) {
      const bool is_free = is_sole_reader(index, input) && !(trains_ && keeps_input(kernel)) &&
                           !(trains_ && keeps_output(part(input).kernel));
      if (is_free) return input;
    }
    return -1;
  }

  void lay_values(ChainLayout& out) {
    std::vector<Buffer> buffers;
    std::vector<int> buffer_of(num_parts_), kept_in(num_parts_, -1);
    for (int i = 0; i < static_cast<int>(num_parts_); ++i) {
      const int time = time_[at(i)], taken = taken_input(i);
      buffer_of[at(i)] = taken >= 0 ? buffer_of[at(taken)] : static_cast<int>(buffers.size());
      if (taken < 0) buffers.push_back({time, time, num_rows_ * part(i).width, -1});
      Buffer& own = buffers[at(buffer_of[at(i)])];
      for (const int reader : readers_[at(i)]) own.last = std::max(own.last, time_[at(reader)]);
      if (is_kept(i)) own.last = end_;
      if (make_of_[at(i)] >= 0) own.make = make_of_[at(i)];
      if (const std::int64_t kept = num_kept(part(i), num_rows_); kept > 0) {
        kept_in[at(i)] = static_cast<int>(buffers.size());
        buffers.push_back({time, trains_ ? end_ : time, kept, -1});
      }
    }
    std::vector<std::int64_t> places;
    out.num_forward = place(buffers, places);
    for (std::size_t i = 0; i < num_parts_; ++i) {
      out.value_at.push_back(places[at(buffer_of[i])]);
      out.kept_at.push_back(kept_in[i] < 0 ? -1 : places[at(kept_in[i])]);
    }
  }

  // Gradients, from the last part to the first. What comes from outside is not written to.
  void lay_gradients(ChainLayout& out) {
    std::vector<Buffer> buffers;
    std::vector<int> buffer_of(num_parts_, -1), seen(num_parts_, 0);
    std::vector<int> read_seen(chain_.reads.size(), 0);
    out.adds.resize(num_parts_);
    out.begins_with_make.assign(num_parts_, false);
    for (int i = static_cast<int>(num_parts_) - 1; i >= 0; --i) {
      const int time = end_ - time_[at(i)], make = make_of_[at(i)];
      if (buffer_of[at(i)] < 0) {  // nobody in the chain has written to it
        buffer_of[at(i)] = static_cast<int>(buffers.size());
        buffers.push_back({time, time, 0, make});
      }
      buffers[at(buffer_of[at(i)])].last = time;
      bool passes = false;
      for (const int input : part(i).inputs) {
        if (input < 0) {
          out.adds[at(i)].push_back(read_seen[at(-1 - input)]++ > 0);
          continue;
        }
        const bool begins = make_of_[at(input)] >= 0;
        out.adds[at(i)].push_back(begins || seen[at(input)]++ > 0);
        out.begins_with_make[at(input)] = begins;
        if (buffer_of[at(input)] >= 0) continue;
        if (!passes && may_pass(i, input, buffers[at(buffer_of[at(i)])])) {
          buffer_of[at(input)] = buffer_of[at(i)];
          passes = true;
          continue;
        }
        buffer_of[at(input)] = static_cast<int>(buffers.size());
        buffers.push_back({begins ? 0 : time, time, num_rows_ * part(input).width, -1});
      }
    }
    std::vector<std::int64_t> places;
    out.num_backward = place(buffers, places);
    for (std::size_t i = 0; i < num_parts_; ++i)
      out.gradient_at.push_back(places[at(buffer_of[i])]);
  }

  // Whether the gradient of that input may take the place of the output's.
  bool may_pass(int index, int input, const Buffer& output) const {
    if (!is_sole_reader(index, input)) return false;
    const Kernel kernel = part(index).kernel;
    if (kernel == Kernel::Bias) return true;  // it is the same
    return kernel != Kernel::Product && output.make < 0;
  }

  static std::int64_t place(const std::vector<Buffer>& buffers, std::vector<std::int64_t>& places) {
    std::vector<Lifetime> lifetimes;
    for (const Buffer& one : buffers) {
      if (one.make < 0) lifetimes.push_back({one.first, one.last, one.size});
    }
    std::vector<std::int64_t> offsets;
    const std::int64_t size = place_in_arena(lifetimes, offsets);
    std::size_t next = 0;
    for (const Buffer& one : buffers)
      places.push_back(one.make < 0 ? offsets[next++] : -1 - one.make);
    return size;
  }

  const Chain& chain_;
  std::int64_t num_rows_;
  bool trains_;
  std::size_t num_parts_;
  std::vector<int> time_;                  // of each part: its group
  int end_ = 0;                            // after all groups
  std::vector<std::vector<int>> readers_;  // of each part
  std::vector<int> make_of_;               // of each part: its place in makes, or -1
};

}  // namespace

ChainLayout lay_out(const Chain& chain, std::int64_t num_rows, bool trains) {
  return Layout(chain, num_rows, trains).whole();
}

}  // namespace fdl::plan
