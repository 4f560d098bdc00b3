#include "net/http2_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/secret.h"

namespace glovebox::net {

namespace {

// Stands before the bytes that are given.
struct alignas(std::max_align_t) Block {
  std::size_t size;
};

Block* block_of(void* bytes) {
  return static_cast<Block*>(bytes) - 1;
}

}  // namespace

void* Http2Memory::allocate(std::size_t size, void* self) {
  auto& memory = *static_cast<Http2Memory*>(self);
  if (size > memory.limit_ - memory.used_) return nullptr;
  void* raw = std::malloc(sizeof(Block) + size);
  if (raw == nullptr) return nullptr;
  memory.used_ += size;
  return new (raw) Block{size} + 1;
}

void Http2Memory::release(void* bytes, void* self) {
  if (bytes == nullptr) return;
  Block* block = block_of(bytes);
  static_cast<Http2Memory*>(self)->used_ -= block->size;
  zero_memory(bytes, block->size);
  std::free(block);
}

void* Http2Memory::allocate_zeroed(std::size_t count, std::size_t size, void* self) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* bytes = allocate(count * size, self);
  if (bytes != nullptr) std::memset(bytes, 0, count * size);
  return bytes;
}

void* Http2Memory::reallocate(void* bytes, std::size_t size, void* self) {
  void* other = allocate(size, self);
  if (other == nullptr || bytes == nullptr) return other;
  std::memcpy(other, bytes, std::min(size, block_of(bytes)->size));
  release(bytes, self);
  return other;
}

}  // namespace glovebox::net
