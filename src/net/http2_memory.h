// Memory for nghttp2: so much for one session and no more, and zeroed when it is given back.
#pragma once

#include <cstddef>

#include "base/units.h"

namespace glovebox::net {

// Outlives what it gave. The functions take the place of malloc(), free(), calloc() and realloc();
// `self` is the memory. Over the limit they give null.
class Http2Memory {
 public:
  explicit Http2Memory(ByteLimit limit) : limit_(limit.bytes()) {}
  Http2Memory(const Http2Memory&) = delete;
  Http2Memory& operator=(const Http2Memory&) = delete;

  static void* allocate(std::size_t size, void* self);
  static void release(void* bytes, void* self);
  static void* allocate_zeroed(std::size_t count, std::size_t size, void* self);
  static void* reallocate(void* bytes, std::size_t size, void* self);

 private:
  std::size_t limit_, used_ = 0;
};

}  // namespace glovebox::net
