// What a heartbeat may cost.
#include <cstdlib>
#include <new>

#include "catch.h"
#include "usecases/fleet.h"

namespace {

thread_local int allocations = 0;

}  // namespace

// All of the program's allocations are counted. Array forms end up here too.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace muster;

TEST_CASE("an accepted heartbeat allocates nothing") {
  Fleet fleet;
  const std::string id(128, 'w');
  const std::string instance(128, 'i');
  REQUIRE(fleet.Register(id, instance).ok());
  const int made = fleet.Commit([&](WriteTx& tx) {
    const int before = allocations;
    for (int i = 0; i < 100; ++i) {
      const bool ok =
          RecordHeartbeat({id, instance, 5, "10.0.0.1:1"}, fleet.settings.heartbeat_timeout, tx, fleet.now)
              .ok();
      if (!ok) return -1;
    }
    return allocations - before;
  });
  CHECK(made == 0);
  CHECK(fleet.Get(id).pulse.total == 100);
}
