#include "plane/work_queue.h"

#include <algorithm>
#include <format>

#include "base/result.h"
#include "plane/environment_store.h"
#include "plane/ids.h"

namespace glovebox::plane {

std::string_view to_string(WorkState state) {
  switch (state) {
    case WorkState::queued:
      return "queued";
    case WorkState::starting:
      return "starting";
    case WorkState::active:
      return "active";
    case WorkState::stopping:
      return "stopping";
    case WorkState::stopped:
      return "stopped";
  }
  return "stopped";
}

codec::Json WorkItem::to_json(const std::optional<std::string>& secret) const {
  return codec::Json::object(
      {{"id", id},
       {"type", "work"},
       {"environment_id", environment},
       {"data",
        codec::Json::object(
            {{"type", kind == WorkKind::session ? "session" : "healthcheck"}, {"id", subject}})},
       {"state", plane::to_string(state)},
       {"metadata", metadata},
       {"secret", secret ? codec::Json(*secret) : codec::Json()},
       {"created_at", to_rfc3339(created)},
       {"acknowledged_at", time_json(acknowledged)},
       {"started_at", time_json(started)},
       {"latest_heartbeat_at", time_json(latest_heartbeat)},
       {"stop_requested_at", time_json(stop_requested)},
       {"stopped_at", time_json(stopped)}});
}

codec::Json WorkStats::to_json() const {
  return codec::Json::object(
      {{"type", "work_queue_stats"},
       {"depth", depth},
       {"pending", pending},
       {"oldest_queued_at", time_json(oldest_queued)},
       {"workers_polling", workers_polling ? codec::Json(*workers_polling) : codec::Json()}});
}

const WorkItem& WorkQueue::add(std::string environment, WorkKind kind, std::string subject) {
  WorkItem item;
  item.number = items_.size() + 1;
  item.id = make_id(random_, "work_");
  item.environment = std::move(environment);
  item.kind = kind;
  item.subject = std::move(subject);
  item.created = clock_.wall();
  items_.push_back(std::move(item));
  return items_.back();
}

void WorkQueue::lose_lease(WorkItem& item) {
  item.lease_end.reset();
  item.last_heartbeat.clear();
  if (item.state == WorkState::stopping) return finish(item);
  if (item.state != WorkState::starting && item.state != WorkState::active) return;
  item.state = WorkState::queued;
  item.handed_out.reset();
  item.acknowledged.reset();
  item.started.reset();
  item.latest_heartbeat.reset();
}

void WorkQueue::lapse() {
  const Duration now = clock_.monotonic();
  for (WorkItem& item : items_)
    if (item.lease_end && now >= *item.lease_end) lose_lease(item);
  std::erase_if(polls_, [&](const auto& poll) { return now - poll.second > kWorkerMemory; });
}

void WorkQueue::finish(WorkItem& item) {
  item.state = WorkState::stopped;
  item.stopped = clock_.wall();
  item.lease_end.reset();
}

void WorkQueue::request_stop(WorkItem& item) {
  item.state = WorkState::stopping;
  item.stop_requested = clock_.wall();
}

const WorkItem* WorkQueue::poll(std::string_view environment, const std::string* worker,
                                milliseconds reclaim_older_than) {
  lapse();
  const Duration now = clock_.monotonic();
  if (worker != nullptr && !worker->empty())
    polls_.insert_or_assign({std::string(environment), *worker}, now);
  for (WorkItem& item : items_) {
    if (item.environment != environment || item.state != WorkState::queued) continue;
    if (item.handed_out && now - *item.handed_out < reclaim_older_than) continue;
    item.handed_out = now;
    return &item;
  }
  return nullptr;
}

Answer<const WorkItem*> WorkQueue::acknowledge(std::string_view environment, std::string_view id) {
  WorkItem* item = TRY(find_mutable(environment, id));
  if (item->state != WorkState::queued)
    return conflict(std::format("work {} is {}, not queued", id, to_string(item->state)));
  item->state = WorkState::starting;
  item->acknowledged = clock_.wall();
  item->ttl = ttl_;
  item->lease_end = clock_.monotonic() + ttl_;
  item->last_heartbeat.clear();
  return item;
}

codec::Json WorkQueue::heartbeat_state(const WorkItem& item) const {
  return codec::Json::object(
      {{"last_heartbeat",
        item.last_heartbeat.empty() ? codec::Json() : codec::Json(item.last_heartbeat)},
       {"lease_extended", false},
       {"state", to_string(item.state)},
       {"ttl_seconds", (item.ttl.count() > 0 ? item.ttl : ttl_).count()}});
}

Answer<codec::Json> WorkQueue::heartbeat(std::string_view environment, std::string_view id,
                                         const std::optional<std::string>& expected,
                                         std::optional<seconds> desired_ttl) {
  WorkItem* item = TRY(find_mutable(environment, id));
  const bool held = item->state == WorkState::starting || item->state == WorkState::active;
  const bool ending = item->state == WorkState::stopping || item->state == WorkState::stopped;
  const std::string_view stored =
      item->last_heartbeat.empty() ? kNoHeartbeat : std::string_view(item->last_heartbeat);
  // Nobody holds a queued item, so nobody can know its last heartbeat.
  const bool matches = held && expected && *expected == stored;
  if (expected && !ending && !matches) {
    return ApiError{412, "invalid_request_error",
                    std::format("heartbeat precondition failed for work {}", id),
                    codec::Json::object({{"error_code", "heartbeat_precondition_failed"},
                                         {"current_state", heartbeat_state(*item)}})};
  }
  codec::Json answer = heartbeat_state(*item);
  if (held || item->state == WorkState::stopping) {
    WallTime now = clock_.wall();
    // No two beats of an item look alike, however coarse the clock is.
    if (to_rfc3339(now) == item->last_heartbeat) ++now.microseconds;
    if (item->state == WorkState::starting) {
      item->state = WorkState::active;
      item->started = now;
    }
    if (desired_ttl) item->ttl = *desired_ttl;
    item->latest_heartbeat = now;
    item->last_heartbeat = to_rfc3339(now);
    item->lease_end = clock_.monotonic() + item->ttl;
    answer = heartbeat_state(*item);
    answer.as_object()->set("lease_extended", true);
  }
  codec::JsonObject& fields = *answer.as_object();
  fields.set("type", "work_heartbeat");
  if (fields.find("last_heartbeat")->is_null()) fields.set("last_heartbeat", "");
  return answer;
}

Answer<const WorkItem*> WorkQueue::stop(std::string_view environment, std::string_view id,
                                        Force force) {
  WorkItem* item = TRY(find_mutable(environment, id));
  switch (item->state) {
    case WorkState::stopped:
      return conflict(std::format("work {} is already stopped", id));
    case WorkState::starting:
    case WorkState::active:
      request_stop(*item);
      if (force == Force::yes) finish(*item);
      return item;
    case WorkState::queued:  // no live lease
      item->stop_requested = clock_.wall();
      finish(*item);
      return item;
    case WorkState::stopping:  // the holder confirms
      finish(*item);
      return item;
  }
  return item;
}

Answer<const WorkItem*> WorkQueue::update(std::string_view environment, std::string_view id,
                                          const codec::Json& body) {
  WorkItem* item = TRY(find_mutable(environment, id));
  item->metadata =
      TRY(merged_metadata(item->metadata, body.get("metadata"), EmptyValue::keeps_key));
  return item;
}

Answer<const WorkItem*> WorkQueue::find(std::string_view environment, std::string_view id) {
  return TRY(find_mutable(environment, id));
}

WorkItem* WorkQueue::find_any(std::string_view id) {
  lapse();
  const auto found = std::ranges::find(items_, id, &WorkItem::id);
  return found == items_.end() ? nullptr : &*found;
}

Answer<WorkItem*> WorkQueue::find_mutable(std::string_view environment, std::string_view id) {
  WorkItem* item = find_any(id);
  if (item == nullptr || item->environment != environment)
    return not_found(std::format("work {} not found", id));
  return item;
}

WorkStats WorkQueue::stats(std::string_view environment) {
  lapse();
  WorkStats stats;
  for (const WorkItem& item : items_) {
    if (item.environment != environment || item.state != WorkState::queued) continue;
    ++(item.handed_out ? stats.pending : stats.depth);
    if (!stats.oldest_queued) stats.oldest_queued = item.created;
  }
  const auto here = std::ranges::count_if(
      polls_, [&](const auto& poll) { return poll.first.first == environment; });
  if (here > 0) stats.workers_polling = here;
  return stats;
}

std::vector<const WorkItem*> WorkQueue::list(std::string_view environment) {
  lapse();
  std::vector<const WorkItem*> found;
  for (const WorkItem& item : items_)
    if (item.environment == environment) found.push_back(&item);
  return found;
}

bool WorkQueue::has_live_item(std::string_view session) {
  lapse();
  return std::ranges::any_of(items_, [&](const WorkItem& item) {
    return item.kind == WorkKind::session && item.subject == session &&
           (item.state == WorkState::queued || item.state == WorkState::starting ||
            item.state == WorkState::active);
  });
}

void WorkQueue::end_session(std::string_view session) {
  lapse();
  for (WorkItem& item : items_) {
    if (item.kind != WorkKind::session || item.subject != session) continue;
    if (item.state == WorkState::queued) {
      item.stop_requested = clock_.wall();
      finish(item);
    } else if (item.state == WorkState::starting || item.state == WorkState::active) {
      request_stop(item);
    }
  }
}

}  // namespace glovebox::plane
