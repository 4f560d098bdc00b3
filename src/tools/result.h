// What one tool call gives back to the model: content blocks, and whether they tell of an error.
//
// Pure values. Normalisation (control plane, "Content"): an empty text block, or no block at all,
// becomes the text `(no output)`, because the service refuses an empty text and the session then
// stalls. Text is shown as UTF-8; bytes that are none become U+FFFD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace glovebox::tools {

constexpr std::string_view kNoOutput = "(no output)";

struct TextBlock {
  std::string text;
  bool operator==(const TextBlock&) const = default;
};

// `base64` is standard base64 with padding, on one line.
struct ImageBlock {
  std::string media_type;
  std::string base64;
  bool operator==(const ImageBlock&) const = default;
};

struct DocumentBlock {
  std::string media_type;
  std::string base64;
  bool operator==(const DocumentBlock&) const = default;
};

using ContentBlock = std::variant<TextBlock, ImageBlock, DocumentBlock>;

struct ToolResult {
  enum class IsError : std::uint8_t { no, yes };

  IsError is_error = IsError::no;
  std::vector<ContentBlock> content;

  bool operator==(const ToolResult&) const = default;
};

// A result of one text block.
ToolResult text_result(std::string text);
ToolResult error_result(std::string text);

// The same result in the form that may be posted; see above. Idempotent.
ToolResult normalised(ToolResult result);

// The content as a JSON array of blocks, normalised:
// `[{"type":"text","text":"…"}]`, images and documents with
// `"source":{"type":"base64","media_type":"…","data":"…"}`.
std::string to_content_json(const ToolResult& result);

}  // namespace glovebox::tools
