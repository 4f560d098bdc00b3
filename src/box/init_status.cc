#include "box/init_status.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <string>

#include "codec/json.h"
#include "ipc/wire.h"

namespace glovebox::box {

namespace {

constexpr std::string_view kStarted = "started";
constexpr std::string_view kFailed = "failed ";
constexpr std::string_view kExited = "exited ";
constexpr std::string_view kSignalled = "signalled ";
constexpr std::int64_t kHighestCode = 255;
constexpr std::int64_t kMostUse = 1'000'000'000'000'000;  // whatever a box claims

// The next number of a line and the space after it, at most `highest`.
std::optional<std::int64_t> take_number(std::string_view& text, std::int64_t highest) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || number < 0 || number > highest) return std::nullopt;
  if (rest != end && *rest != ' ') return std::nullopt;
  text.remove_prefix(rest == end ? text.size() : static_cast<std::size_t>(rest - text.data()) + 1);
  return number;
}

void read_line(InitStatus& status, std::string_view line) {
  if (line == kStarted) {
    status.started = true;
    return;
  }
  if (line.starts_with(kFailed)) {
    if (!status.failed) status.failed = line.substr(kFailed.size());
    return;
  }
  const bool signalled = line.starts_with(kSignalled);
  if (!signalled && !line.starts_with(kExited)) return;
  line.remove_prefix(signalled ? kSignalled.size() : kExited.size());
  const auto code = take_number(line, kHighestCode);
  const auto cpu_us = take_number(line, kMostUse);
  const auto peak_kib = take_number(line, kMostUse);
  if (!code || !cpu_us || !peak_kib || !line.empty() || status.ended) return;
  status.ended = InitStatus::Ended{signalled, static_cast<int>(*code)};
  status.use = {*cpu_us, *peak_kib};
}

}  // namespace

std::string started_line() {
  return std::string(kStarted) + "\n";
}

std::string failed_line(std::string_view text) {
  std::string line(kFailed);
  line += text.substr(0, kMaxStatusText / 2);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line + "\n";
}

std::string ended_line(InitStatus::Ended ended, os::OwnUse use) {
  return std::format("{}{} {} {}\n", ended.signalled ? kSignalled : kExited, ended.code, use.cpu_us,
                     use.peak_kib);
}

InitStatus read_status(std::string_view bytes) {
  InitStatus status;
  for (;;) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return status;
    read_line(status, bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
  }
}

std::string encode_answer(bool is_error, std::string_view content) {
  ipc::Writer writer;
  writer.number(static_cast<std::uint8_t>(is_error ? 1 : 0)).text(content);
  return writer.take();
}

Result<FunctionAnswer> decode_answer(std::string_view bytes) {
  ipc::Reader reader(bytes);
  FunctionAnswer answer;
  answer.is_error = TRY(reader.flag());
  answer.content = TRY(reader.text(ipc::kMaxBlob));
  TRY(reader.finish());
  const auto json = codec::parse_json(answer.content, {.max_bytes = ipc::kMaxBlob});
  if (!json || !json->is_array()) return Error(ErrorKind::protocol, "answer is not a JSON array");
  return answer;
}

}  // namespace glovebox::box
