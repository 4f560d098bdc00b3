#include "codec/sse.h"

#include <format>
#include <utility>

#include "codec/utf8.h"

namespace glovebox::codec {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kLineEnds = "\r\n";

}  // namespace

Result<void> SseParser::push(std::string_view bytes) {
  while (!bytes.empty() && !dead_) {
    if (std::exchange(after_cr_, false) && bytes[0] == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of(kLineEnds);
    const std::string_view piece = bytes.substr(0, end);
    const std::size_t held = line_.size() + data_.size() + (name_ ? name_->size() : 0);
    if (held + piece.size() > limit_.bytes()) {
      dead_ = true;
      break;
    }
    line_ += piece;
    if (end == std::string_view::npos) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line();
  }
  if (dead_)
    return Error(ErrorKind::limit,
                 std::format("event in the stream exceeds {} bytes", limit_.bytes()));
  return {};
}

void SseParser::end_line() {
  std::string_view line = line_;
  if (std::exchange(first_line_, false) && line.starts_with(kByteOrderMark))
    line.remove_prefix(kByteOrderMark.size());
  if (line.empty()) {
    end_event();
  } else {
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
      if (has_data_) data_ += '\n';
      data_ += value;
      has_data_ = true;
    } else if (field == "event") {
      name_.reset();
      if (!value.empty()) name_ = replace_invalid_utf8(value);
    }
  }
  line_.clear();
}

void SseParser::end_event() {
  std::optional<std::string> name = std::exchange(name_, std::nullopt);
  std::string data = std::exchange(data_, {});
  if (!std::exchange(has_data_, false)) return;
  if (!is_valid_utf8(data)) data = replace_invalid_utf8(data);
  ready_.push_back({std::move(name), std::move(data)});
}

std::optional<SseEvent> SseParser::next() {
  if (ready_.empty()) return std::nullopt;
  SseEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

Result<std::string> format_sse(std::string_view name, std::string_view data) {
  if (name.find_first_of(kLineEnds) != std::string_view::npos)
    return Error(ErrorKind::invalid, "event name with a line end");
  std::string out;
  if (!name.empty()) out += std::format("event: {}\n", name);
  for (;;) {
    const std::size_t end = data.find_first_of(kLineEnds);
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) break;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  return out + '\n';
}

}  // namespace glovebox::codec
