#include "tools/result.h"

#include <type_traits>
#include <utility>

#include "codec/json.h"
#include "codec/utf8.h"

namespace glovebox::tools {
namespace {

codec::Json source_block(std::string_view type, const std::string& media_type,
                         const std::string& base64) {
  return codec::Json::object(
      {{"type", type},
       {"source",
        codec::Json::object({{"type", "base64"}, {"media_type", media_type}, {"data", base64}})}});
}

codec::Json block_json(const ContentBlock& block) {
  return std::visit(
      [](const auto& b) {
        using Block = std::decay_t<decltype(b)>;
        if constexpr (std::is_same_v<Block, TextBlock>) {
          return codec::Json::object({{"type", "text"}, {"text", b.text}});
        } else if constexpr (std::is_same_v<Block, ImageBlock>) {
          return source_block("image", b.media_type, b.base64);
        } else {
          return source_block("document", b.media_type, b.base64);
        }
      },
      block);
}

}  // namespace

ToolResult text_result(std::string text) {
  return ToolResult{ToolResult::IsError::no, {TextBlock{std::move(text)}}};
}

ToolResult error_result(std::string text) {
  return ToolResult{ToolResult::IsError::yes, {TextBlock{std::move(text)}}};
}

ToolResult normalised(ToolResult result) {
  if (result.content.empty()) result.content.emplace_back(TextBlock{});
  for (ContentBlock& block : result.content) {
    auto* text = std::get_if<TextBlock>(&block);
    if (text == nullptr) continue;
    if (text->text.empty()) text->text = kNoOutput;
    if (!codec::is_valid_utf8(text->text)) text->text = codec::replace_invalid_utf8(text->text);
  }
  return result;
}

std::string to_content_json(const ToolResult& result) {
  codec::JsonArray blocks;
  for (const ContentBlock& block : normalised(result).content) blocks.push_back(block_json(block));
  return codec::to_json(codec::Json(std::move(blocks)));
}

}  // namespace glovebox::tools
