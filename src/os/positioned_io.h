// Reading and writing at an offset; the descriptor's own position stays where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace glovebox::os {

// Fills `out`; gives fewer bytes only at the end of the file.
Result<std::size_t> read_into_at(int fd, std::uint64_t offset, std::span<char> out);
// All of `bytes`. Not for a descriptor with O_APPEND: Linux would then append (pwrite(2), BUGS).
Result<void> write_at(int fd, std::uint64_t offset, std::string_view bytes);

// The kernel forgets what it holds in memory of the whole pages in that part of the file, as far as
// it is written out (POSIX_FADV_DONTNEED): the next read is of the device. 0 bytes: to the end.
Result<void> drop_cache(int fd, std::uint64_t offset, std::uint64_t size);

// What the kernel writes at least when a byte of a file has changed: a power of two.
std::uint32_t page_size();

// The error of a file system that is full, for who sees it coming; see is_out_of_space().
Error out_of_space(std::string_view what);

}  // namespace glovebox::os
