#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>

#include <cstdlib>
#include <utility>

namespace glovebox {

void zero_memory(void* data, std::size_t size) {
  if (size != 0) explicit_bzero(data, size);
}

bool equal_secrets(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char different = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return different == 0;
}

Secret::Secret(const char* data, std::size_t size) : size_(size) {
  if (size == 0) return;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();  // out of memory: there is nothing safe to go on with
  ::madvise(memory, size, MADV_DONTDUMP);
  ::madvise(memory, size, MADV_WIPEONFORK);  // a child is given what it needs, never this memory
  ::mlock(memory, size);  // refused beyond RLIMIT_MEMLOCK; the bytes are still wiped
  data_ = static_cast<char*>(memory);
  memcpy(data_, data, size);
}

Secret Secret::take(std::string&& plain) {
  Secret secret(plain.data(), plain.size());
  zero_memory(plain.data(), plain.size());
  plain.clear();
  return secret;
}

Secret Secret::duplicate() const {
  return Secret(data_, size_);
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() {
  wipe();
}

void Secret::wipe() {
  if (data_ == nullptr) return;
  zero_memory(data_, size_);
  ::munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

}  // namespace glovebox
