// In its own file: if a compiler can inline these, it warns of a free() that does not match a new.
#include "usecases/allocations.h"

#include <cstdlib>
#include <new>

namespace {

thread_local int allocations = 0;

}  // namespace

int muster::Allocations() {
  return allocations;
}

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
