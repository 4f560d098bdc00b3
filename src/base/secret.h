// Bytes that must not leak: keys and tokens.
//
// A Secret cannot be copied, printed or formatted; its memory is zeroed when it goes and is left
// out of core dumps where the kernel allows. It is read through reveal(), so that a search for
// that word lists every place that handles the plain bytes. It does not protect against a reader
// of the process's memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace glovebox {

class Secret {
 public:
  Secret() = default;
  // Takes the bytes and zeroes the string they came in.
  static Secret take(std::string&& plain);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  bool empty() const { return size_ == 0; }
  std::string_view reveal() const { return {data_, size_}; }
  // A second owner of the same bytes: explicit, so that it can be searched for.
  Secret duplicate() const;

 private:
  Secret(const char* data, std::size_t size);
  void wipe();

  char* data_ = nullptr;  // its own mapping, MADV_DONTDUMP
  std::size_t size_ = 0;
};

// Overwrites memory in a way that the compiler may not leave out. Of nothing, `data` may be null.
void zero_memory(void* data, std::size_t size);

// Constant in time for equal lengths.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace glovebox
