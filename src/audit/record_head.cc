#include "audit/record_head.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace glovebox::audit {

namespace {

// The members that a head is made of, as they stand.
class FixedMembers {
 public:
  explicit FixedMembers(const std::vector<codec::ScannedMember>& members) : members_(members) {}

  // Empty when absent.
  std::string_view value(std::string_view key) const {
    const auto found = std::ranges::find(members_, key, &codec::ScannedMember::key);
    return found == members_.end() ? std::string_view() : found->value;
  }
  std::optional<std::string_view> text(std::string_view key) const {
    const auto plain = codec::plain_string(value(key));
    return plain && !plain->empty() ? plain : std::nullopt;
  }
  std::optional<std::int64_t> time(std::string_view key) const {
    const auto number = codec::plain_integer(value(key));
    return number && *number >= 0 ? number : std::nullopt;
  }
  // Empty when absent; nothing when it is no id.
  std::optional<std::string_view> id(std::string_view key) const {
    return value(key).empty() ? std::optional<std::string_view>("") : text(key);
  }

 private:
  const std::vector<codec::ScannedMember>& members_;
};

// The head of a record that is as nearly all of them are; nothing for what has to be parsed.
std::optional<RecordHead> quick_head(const FixedMembers& members) {
  if (codec::plain_integer(members.value("v")) != kRecordVersion) return std::nullopt;
  const auto kind_text = members.text("k");
  const auto kind = kind_text ? parse_record_kind(*kind_text) : std::nullopt;
  const auto wall = members.time("t");
  const auto since_boot = members.time("mt");
  const auto boot = members.text("boot");
  const auto previous_text = members.text("prev");
  const auto session = members.id("sid");
  const auto tool_use = members.id("tu");
  if (!kind || !wall || !since_boot || !boot || !previous_text || !session || !tool_use)
    return std::nullopt;
  const auto previous = codec::Sha256Digest::parse_hex(*previous_text);
  if (!previous || (needs_session(*kind) && session->empty()) ||
      (needs_tool_use(*kind) && tool_use->empty()))
    return std::nullopt;
  return RecordHead{.kind = *kind,
                    .wall = {*wall},
                    .since_boot = microseconds(*since_boot),
                    .boot_id = std::string(*boot),
                    .previous = *previous,
                    .session = std::string(*session),
                    .tool_use = std::string(*tool_use)};
}

}  // namespace

RecordHead head_of(const Record& record) {
  return {.kind = record.kind,
          .wall = record.wall,
          .since_boot = record.since_boot,
          .boot_id = record.boot_id,
          .previous = record.previous,
          .session = record.session,
          .tool_use = record.tool_use};
}

Result<RecordHead> RecordHeadReader::read(std::string_view line) {
  if (line.size() <= kMaxRecordBytes && codec::scan_jcs_object(line, members_))
    if (auto head = quick_head(FixedMembers(members_)); head) return *std::move(head);
  return head_of(TRY(parse_record(line)));
}

}  // namespace glovebox::audit
