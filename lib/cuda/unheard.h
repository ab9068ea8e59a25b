#pragma once

#include <c10/util/Exception.h>

namespace fdl::cuda {

// While it lives, nobody hears what libtorch warns this thread of: where it is known and wanted.
class Unheard {
 private:
  struct Handler final : c10::WarningHandler {
    void process(const c10::Warning&) override {}
  };
  Handler handler_;
  c10::WarningUtils::WarningHandlerGuard guard_{&handler_};
};

}  // namespace fdl::cuda
