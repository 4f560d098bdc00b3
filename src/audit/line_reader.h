// Lines of bounded length from a stream of bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::audit {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to out.size() bytes; 0 at the end.
  virtual Result<std::size_t> read(std::span<char> out) = 0;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : rest_(bytes) {}
  Result<std::size_t> read(std::span<char> out) override;

 private:
  std::string_view rest_;
};

// An open file from its current offset. The descriptor stays the caller's.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(int fd) : fd_(fd) {}
  Result<std::size_t> read(std::span<char> out) override;

 private:
  int fd_;
};

// Splits at LF. Memory: one block plus one line.
class LineReader {
 public:
  LineReader(ByteSource& source, std::size_t max_line);

  // The next complete line without LF, valid until the next call; nothing at the end of the
  // stream. Error: limit (a line longer than max_line), or the source's.
  Result<std::optional<std::string_view>> next();
  // After next() gave nothing: the bytes behind the last LF.
  std::string_view torn() const { return std::string_view(buffer_).substr(begin_); }

 private:
  ByteSource& source_;
  std::size_t max_line_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t searched_ = 0;
};

}  // namespace glovebox::audit
