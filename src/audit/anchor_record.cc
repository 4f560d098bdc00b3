#include "audit/anchor_record.h"

#include <chrono>

namespace glovebox::audit {

namespace {

std::int64_t whole_ms(Duration duration) {
  return std::chrono::duration_cast<milliseconds>(duration).count();
}

}  // namespace

codec::JsonObject anchor_acknowledged(std::string_view name, std::string_view how,
                                      const codec::TreeHead& held, Duration took) {
  codec::JsonObject members;
  members.set("to", name);
  members.set("how", how);
  members.set("size", static_cast<std::int64_t>(held.size));
  members.set("root", held.root.hex());
  members.set("ms", whole_ms(took));
  return members;
}

codec::JsonObject anchor_changed(const AnchorSchedule& schedule, std::string_view how,
                                 Duration now) {
  codec::JsonObject members;
  members.set("to", schedule.rule().name);
  members.set("how", how);
  members.set("state", to_string(schedule.state(now)));
  members.set("ms", whole_ms(schedule.age(now)));
  if (schedule.held() > 0) members.set("size", static_cast<std::int64_t>(schedule.held()));
  return members;
}

}  // namespace glovebox::audit
