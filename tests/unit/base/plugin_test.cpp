#include "lib/base/plugin.h"

#include <doctest/doctest.h>

#include "tests/temporary_folder.h"

namespace fdl {

TEST_CASE("a library that is not there is no broken one") {
  const testing::TemporaryFolder folder;
  const PluginFunction absent = find_plugin_function("libfdl_none.so", "", "f");
  CHECK(absent.address == nullptr);
  CHECK(absent.is_absent);
  const PluginFunction gone =
      find_plugin_function("libfdl_none.so", folder.path() / "libfdl_none.so", "f");
  CHECK(gone.is_absent);
  const PluginFunction broken =
      find_plugin_function("libfdl_none.so", folder.file("libfdl_none.so", "no library"), "f");
  CHECK(broken.address == nullptr);
  CHECK(!broken.is_absent);
  CHECK(broken.reason.find("libfdl_none.so") != std::string::npos);
}

}  // namespace fdl
