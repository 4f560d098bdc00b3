#include "egress/net_record.h"

#include <chrono>
#include <utility>

namespace glovebox::egress {

namespace {

codec::JsonObject tagged(const NetworkTags& tags, const char* decision) {
  codec::JsonObject members;
  members.set("sid", tags.session);
  if (!tags.tool_use.empty()) members.set("tu", tags.tool_use);
  if (!tags.tool.empty()) members.set("tool", tags.tool);
  members.set("pol", tags.policy);
  members.set("prof", tags.profile);
  members.set("dec", decision);
  return members;
}

void set_text(codec::JsonObject& members, const char* key, const std::string& value) {
  if (!value.empty()) members.set(key, value);
}

}  // namespace

codec::JsonObject open_members(const NetworkTags& tags, const Opened& opened) {
  codec::JsonObject members = tagged(tags, "allow");
  members.set("host", opened.host);
  set_text(members, "addr", opened.address);
  set_text(members, "via", opened.via);
  members.set("port", static_cast<std::int64_t>(opened.port));
  members.set("l7", opened.mode);
  set_text(members, "rule", opened.rule);
  set_text(members, "meth", opened.method);
  set_text(members, "path", opened.path);
  if (opened.status) members.set("status", static_cast<std::int64_t>(*opened.status));
  set_text(members, "cred", opened.credential);
  if (opened.at == Opened::At::beginning) {
    members.set("at", "beginning");
    return members;
  }
  if (opened.at == Opened::At::meanwhile) members.set("at", "meanwhile");
  members.set("up", static_cast<std::int64_t>(opened.up));
  members.set("down", static_cast<std::int64_t>(opened.down));
  members.set("ms", static_cast<std::int64_t>(
                        std::chrono::duration_cast<milliseconds>(opened.lasted).count()));
  set_text(members, "why", opened.failure);
  set_text(members, "remark", opened.remark);
  return members;
}

codec::JsonObject deny_members(const NetworkTags& tags, const Refusals& refusals) {
  const Refused& refused = refusals.refused;
  codec::JsonObject members = tagged(tags, "deny");
  set_text(members, "host", refused.asked);
  if (refused.port != 0) members.set("port", static_cast<std::int64_t>(refused.port));
  members.set("l7", refused.mode);
  set_text(members, "rule", refused.rule);
  set_text(members, "meth", refused.method);
  set_text(members, "path", refused.path);
  members.set("why", refused.why);
  if (refusals.times > 1) {
    members.set("n", static_cast<std::int64_t>(refusals.times));
    members.set("t1", refusals.first.microseconds);
    members.set("t2", refusals.last.microseconds);
  }
  return members;
}

}  // namespace glovebox::egress
