#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct BucketedParams {
  std::string by;
  std::int64_t batches = 100;
};

inline EntrySpec bucketed_spec() {
  using P = BucketedParams;
  return declare_entry<P>("bucketed",
                          "Visit each sample once, in batches of samples of about one length, so "
                          "that little of a batch is padding.")
      .param("by", &P::by, "The field whose lengths count; else the one whose lengths differ.",
             config::main_field)
      .param("batches", &P::batches,
             "Samples for so many batches are drawn at random and then sorted by length: with "
             "fewer, neighbours are more random and padding is more.",
             config::at_least(1))
      .source("torchtext BucketIterator");
}

}  // namespace fdl::catalog
