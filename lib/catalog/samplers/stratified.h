#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct StratifiedParams {
  std::string by;
};

inline EntrySpec stratified_spec() {
  using P = StratifiedParams;
  return declare_entry<P>("stratified",
                          "Visit each sample once, in an order in which every batch has about the "
                          "same share of each class.")
      .param("by", &P::by, "The field of classes; else the one that the losses compare.",
             config::main_field)
      .source("fdl");
}

}  // namespace fdl::catalog
