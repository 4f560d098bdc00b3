#include "tools/read.h"

#include <format>
#include <utility>
#include <vector>

#include "base/units.h"
#include "codec/base64.h"
#include "codec/utf8.h"
#include "os/beneath.h"
#include "tools/confined.h"
#include "tools/input.h"
#include "tools/line_range.h"
#include "tools/media.h"
#include "tools/reason.h"
#include "tools/whole_file.h"

namespace glovebox::tools {
namespace {

constexpr std::size_t kStreamChunk = 64 * kKiB;

ToolResult too_large(const ReadInput& input, std::uint64_t size, std::uint64_t limit,
                     std::string_view hint) {
  return error_result(std::format("read: {} is {} bytes, exceeds {}-byte limit. {}",
                                  input.file_path, size, limit, hint));
}

ToolResult not_regular(const ReadInput& input) {
  return error_result(std::format("read: {} is not a regular file", input.file_path));
}

ToolResult failed(const ReadInput& input, const Error& error) {
  if (error.error_number() == 0 && error.kind() == ErrorKind::invalid) return not_regular(input);
  return failed_on("read", input.file_path, error);
}

ToolResult read_media(const ReadInput& input, const OpenedFile& file, const Media& media,
                      std::string_view head, std::uint64_t limit) {
  if (file.size > limit) {
    return too_large(input, file.size, limit, "Larger images and documents cannot be shown.");
  }
  auto rest = read_whole(file.fd.get(), limit - head.size());
  if (!rest) return failed(input, rest.error());
  if (rest->is_cut) {
    return too_large(input, limit + 1, limit, "Larger images and documents cannot be shown.");
  }
  std::string type(media.type);
  std::string base64 = codec::base64_encode(std::string(head) + rest->bytes);
  ToolResult result;
  if (media.kind == MediaKind::image) {
    result.content.emplace_back(ImageBlock{std::move(type), std::move(base64)});
  } else {
    result.content.emplace_back(DocumentBlock{std::move(type), std::move(base64)});
  }
  return result;
}

ToolResult stream_range(const ReadInput& input, const OpenedFile& file, std::uint64_t limit) {
  LineCollector lines(input.range, limit);
  std::vector<char> chunk(kStreamChunk);
  while (!lines.is_done()) {
    auto count = os::read_some(file.fd.get(), chunk);
    if (!count) return failed(input, count.error());
    if (*count == 0) break;
    lines.take(std::string_view(chunk.data(), *count));
  }
  if (!lines.is_too_large()) return text_result(codec::replace_invalid_utf8(lines.text()));
  if (lines.is_single_line()) {
    return error_result(
        std::format("read: line {} of {} alone exceeds {}-byte limit. "
                    "The read tool cannot return part of a line, so view_range cannot narrow this "
                    "further.",
                    lines.first_line(), input.file_path, limit));
  }
  return error_result(
      std::format("read: view_range [{}, {}] of {} exceeds {}-byte limit. Narrow the view_range to "
                  "read a smaller portion.",
                  input.range.first, input.range.last, input.file_path, limit));
}

}  // namespace

ToolResult run_read(const codec::Json& json, const Roots& roots, const ToolLimits& limits) {
  auto input = read_input(json);
  if (!input) return std::move(input).error();
  auto place = locate(roots, input->file_path);
  if (!place) return error_result(std::move(place).error().text);
  if (input->range_input == RangeInput::malformed) {
    return error_result("read: view_range must be [start_line, end_line]");
  }
  auto file = open_file(*place);
  if (!file) return failed(*input, file.error());

  const bool is_whole = input->range_input == RangeInput::whole_file;
  std::string head;
  if (is_whole) {
    head.resize(kMediaHeadBytes);
    auto count = os::read_some(file->fd.get(), head);  // a regular file is short only at its end
    if (!count) return failed(*input, count.error());
    head.resize(*count);
    if (const auto media = media_of(head)) {
      const std::uint64_t limit =
          media->kind == MediaKind::image ? limits.max_image_bytes : limits.max_document_bytes;
      return read_media(*input, *file, *media, head, limit);
    }
  }
  const std::uint64_t limit = limits.max_file_bytes;
  if (file->size > limit) {
    if (!is_whole) return stream_range(*input, *file, limit);
    return too_large(*input, file->size, limit,
                     "Use the view_range parameter to read specific line ranges, e.g. view_range: "
                     "[1, 500].");
  }
  auto rest = read_whole(file->fd.get(), limit - std::min<std::uint64_t>(limit, head.size()));
  if (!rest) return failed(*input, rest.error());
  if (rest->is_cut) {
    return too_large(*input, limit + 1, limit, "It is growing while it is read.");
  }
  const std::string text = head + rest->bytes;
  return text_result(codec::replace_invalid_utf8(is_whole ? std::string_view(text)
                                                          : lines_of(text, input->range)));
}

}  // namespace glovebox::tools
