// GoogleTest on every rank at once: rank 0 prints, the others only what failed; the exit code is the same for all.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "world.hpp"

namespace vbq::test {
namespace {

Communicator* the_world = nullptr;

class FailurePrinter final : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d: %s:%d: %s\n", world().rank(), result.file_name(), result.line_number(),
                 result.message());
  }
};

int run(Communicator& world) {
  the_world = &world;
  if (world.rank() != 0) {
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailurePrinter);
  }
  const std::vector<std::string> all = world.gather(RUN_ALL_TESTS() == 0 ? "" : "failed");
  std::array<std::int64_t, 1> failed{std::ssize(all) - std::ranges::count(all, std::string())};
  world.broadcast(failed);
  return failed[0] == 0 ? 0 : 1;
}

}  // namespace

Communicator& world() { return *the_world; }

}  // namespace vbq::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  vbq::Environment mpi;
  return vbq::test::run(mpi.world());
}
