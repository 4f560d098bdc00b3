#include "audit/line_reader.h"

#include <algorithm>
#include <format>

#include "base/units.h"
#include "os/file.h"

namespace glovebox::audit {

namespace {

constexpr std::size_t kBlockBytes = 256 * kKiB;

}  // namespace

Result<std::size_t> MemorySource::read(std::span<char> out) {
  const std::size_t count = std::min(out.size(), rest_.size());
  std::copy_n(rest_.begin(), count, out.begin());
  rest_.remove_prefix(count);
  return count;
}

Result<std::size_t> FileSource::read(std::span<char> out) {
  return os::read_some(fd_, out.data(), out.size());
}

LineReader::LineReader(ByteSource& source, std::size_t max_line)
    : source_(source), max_line_(max_line) {}

Result<std::optional<std::string_view>> LineReader::next() {
  while (true) {
    const std::size_t end = buffer_.find('\n', searched_);
    const std::size_t seen = std::min(end, buffer_.size()) - begin_;
    if (seen > max_line_)
      return Error(ErrorKind::limit, std::format("a line of more than {} bytes", max_line_));
    if (end != buffer_.npos) {
      const std::string_view line = std::string_view(buffer_).substr(begin_, seen);
      begin_ = searched_ = end + 1;
      return line;
    }
    buffer_.erase(0, begin_);
    begin_ = 0;
    searched_ = buffer_.size();
    buffer_.resize(searched_ + kBlockBytes);
    const std::size_t count = TRY(source_.read(std::span(buffer_).subspan(searched_)));
    buffer_.resize(searched_ + count);
    if (count == 0) return std::nullopt;
  }
}

}  // namespace glovebox::audit
