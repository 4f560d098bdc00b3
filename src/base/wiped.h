// Memory that is zeroed before it is given back: for what is made from secrets on the way.
//
// Also what a container leaves behind when it grows. Not for strings: short ones keep their bytes
// in themselves, beside the allocator.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/secret.h"

namespace glovebox {

template <class T>
struct WipedAllocator {
  using value_type = T;
  WipedAllocator() = default;
  template <class U>
  WipedAllocator(const WipedAllocator<U>&) {}  // NOLINT(google-explicit-constructor): a rebind
  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) {
    zero_memory(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }
  template <class U>
  bool operator==(const WipedAllocator<U>&) const {
    return true;
  }
};

template <class T>
using WipedVector = std::vector<T, WipedAllocator<T>>;
using WipedBytes = WipedVector<char>;

}  // namespace glovebox
