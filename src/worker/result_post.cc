#include "worker/result_post.h"

#include <algorithm>
#include <utility>

namespace glovebox::worker {

namespace {

using codec::Json;

constexpr std::string_view kNoOutput = "(no output)";
constexpr int kUnauthorized = 401;

Json text_block(std::string_view text) {
  return Json::object({{"type", "text"}, {"text", text.empty() ? kNoOutput : text}});
}

Json normal_block(const Json& block) {
  if (const std::string* text = block.as_string()) return text_block(*text);
  const std::string* type = block.get_string("type");
  if (type && *type == "text") {
    const std::string* text = block.get_string("text");
    if (text && !text->empty()) return block;
    return text_block(kNoOutput);
  }
  if (type && (*type == "image" || *type == "document" || *type == "search_result")) return block;
  return text_block(codec::to_json(block));
}

}  // namespace

Json normal_content(const Json& content) {
  codec::JsonArray blocks;
  if (const codec::JsonArray* list = content.as_array()) {
    for (const Json& block : *list) blocks.push_back(normal_block(block));
  } else if (!content.is_null()) {
    blocks.push_back(normal_block(content));
  }
  if (blocks.empty()) blocks.push_back(text_block(kNoOutput));
  return blocks;
}

std::string result_body(const ToolCall& call, std::string_view content, ResultKind kind) {
  auto parsed = codec::parse_json(content, {.max_bytes = 128u << 20});
  const Json blocks = normal_content(parsed ? std::move(*parsed) : Json(content));
  const bool custom = call.kind == ToolCall::Kind::custom;
  Json event = Json::object({{"type", custom ? "user.custom_tool_result" : "user.tool_result"},
                             {custom ? "custom_tool_use_id" : "tool_use_id", call.id},
                             {"is_error", kind == ResultKind::error},
                             {"content", blocks}});
  return codec::to_json(Json::object({{"events", Json::array({std::move(event)})}}));
}

ResultPost::Step ResultPost::answered(std::optional<int> status, Duration asked, Random& random,
                                      Duration now) {
  if (status) {
    if (classify(*status) == AnswerClass::done) return Step::posted;
    if (*status == kUnauthorized) return Step::gave_up;
    if (classify(*status) == AnswerClass::fatal || *status == 409) return Step::refused;
  }
  wait_ = std::max(backoff_.next(random), asked);
  return now + wait_ >= ends_ ? Step::gave_up : Step::retry;
}

}  // namespace glovebox::worker
