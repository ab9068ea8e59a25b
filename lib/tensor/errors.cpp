#include "lib/tensor/errors.h"

#include <c10/util/Exception.h>

namespace fdl::tensor {

Diagnostic torch_failure(const std::exception& thrown, const std::string& attempted, Span span) {
  const auto* theirs = dynamic_cast<const c10::Error*>(&thrown);
  const std::string words = theirs != nullptr ? theirs->what_without_backtrace() : thrown.what();
  const std::size_t end = words.find('\n');
  Diagnostic d = error(Code::NodeFailed, std::move(span), "libtorch refused {}: {}", attempted,
                       words.substr(0, end));
  if (end != std::string::npos && end + 1 < words.size())
    d.notes.push_back({words.substr(end + 1), {}});
  return d;
}

}  // namespace fdl::tensor
