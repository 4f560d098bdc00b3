#include "cli/output_relay.h"

#include <algorithm>
#include <utility>

#include "base/units.h"
#include "cli/message.h"
#include "os/file.h"

namespace glovebox::cli {

namespace {
constexpr std::size_t kBlock = 64 * kKiB;
}  // namespace

std::size_t unfinished_tail(std::string_view bytes) {
  constexpr std::size_t kLongest = 4;
  for (std::size_t n = 1; n < kLongest && n <= bytes.size(); ++n) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - n]);
    if ((byte & 0xc0) == 0x80) continue;  // a later byte of a character
    const std::size_t wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > n ? n : 0;
  }
  return 0;
}

OutputRelay::OutputRelay(int target, Form form, UniqueFd reader, UniqueFd writer)
    : target_(target), form_(form), reader_(std::move(reader)), writer_(std::move(writer)) {}

Result<OutputRelay> OutputRelay::make(int target, Form form) {
  os::Pipe pipe = TRY(os::make_pipe());
  return OutputRelay(target, form, std::move(pipe.reader), std::move(pipe.writer));
}

void OutputRelay::write(std::string_view bytes) {
  if (bytes.empty()) return;
  last_ = bytes.back();
  // The reader of our output may have gone; the program goes on as if it had not.
  if (form_ == Form::raw)
    (void)os::write_all(target_, bytes);
  else
    (void)os::write_all(target_, visible_lines(bytes));
}

void OutputRelay::forward() {
  std::string block(kBlock, '\0');
  const auto got = os::read_some(reader_.get(), block.data(), block.size());
  if (!got || *got == 0) {
    reader_.reset();
    return;
  }
  block.resize(*got);
  block.insert(0, std::exchange(held_, {}));
  if (form_ == Form::visible) {
    held_ = block.substr(block.size() - unfinished_tail(block));
    block.resize(block.size() - held_.size());
  }
  write(block);
}

void OutputRelay::finish(LineEnd line_end) {
  write(std::exchange(held_, {}));
  if (line_end == LineEnd::complete && last_ != '\n') write("\n");
  reader_.reset();
}

}  // namespace glovebox::cli
