#include <mutex>
#include <set>
#include <thread>

#include <ATen/Parallel.h>
#include <doctest/doctest.h>

namespace fdl::testing {

// Its loop stands in libtorch's headers: it is what our compiler makes of it.
TEST_CASE("loops of our own are shared out among as many threads as libtorch has") {
#ifdef __clang__
  MESSAGE("skipped: clang's OpenMP is not libtorch's");
#else
  const int before = at::get_num_threads();
  for (const int num_threads : {1, 2, 3}) {
    at::set_num_threads(num_threads);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    at::parallel_for(0, num_threads, 1, [&](std::int64_t, std::int64_t) {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
    CHECK(seen.size() == static_cast<std::size_t>(num_threads));
  }
  at::set_num_threads(before);
#endif
}

}  // namespace fdl::testing
