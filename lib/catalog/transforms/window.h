#pragma once

#include <algorithm>
#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct WindowParams {
  std::int64_t size = 0;
  std::string at = "random";
};

inline EntrySpec window_spec() {
  using P = WindowParams;
  return declare_entry<P>("window",
                          "Cut a part out of a sequence, along its first axis; shorter ones stay.")
      .param("size", &P::size, "How long the part is.", config::required, config::main_field,
             config::at_least(1))
      .param("at", &P::at, "Where it is: anywhere, drawn anew in each epoch, or at the start.",
             config::choices({"random", "start"}))
      .changes([](const P& p, const TensorType& sample) -> ChangedType {
        if (sample.shape.empty())
          return tl::unexpected(std::string("it takes a sequence, with an axis"));
        TensorType out = sample;
        Dim& length = out.shape.front();
        if (length.is_number()) length = std::min(length.number(), p.size);
        return out;
      })
      .draws()
      .source("fdl");
}

}  // namespace fdl::catalog
