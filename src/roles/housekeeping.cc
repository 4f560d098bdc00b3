#include "roles/housekeeping.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "box/quarantine.h"
#include "box/session_store.h"
#include "os/file.h"

namespace glovebox::roles {

namespace {

constexpr std::size_t kMaxFolders = 1'000'000;
constexpr std::size_t kLooksAtOnce = 200;
constexpr Duration kLongestRound = seconds(600);
constexpr Duration kShortestRound = milliseconds(250);
constexpr unsigned kPrivateFile = 0600;
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
const std::string kLastUseName = "last_use";

// Open sessions are touched at each round, so a round must be much shorter than `keep`.
Duration round_of(Duration keep) {
  return std::clamp(keep / 4, kShortestRound, kLongestRound);
}

Duration wall_of(const Clock& clock) {
  return std::chrono::microseconds(clock.wall().microseconds);
}

Result<void> clear_sessions(int sessions_fd) {
  Result<void> first;
  for (const os::FolderEntry& entry : TRY(os::list_folder(sessions_fd, kMaxFolders))) {
    if (!entry.name.starts_with(kGonePrefix)) continue;
    auto removed = [&]() -> Result<void> {
      // Another user's; the rest is ours.
      TRY(box::remove_quarantine(TRY(os::open_at(sessions_fd, entry.name, kFolder)).get()));
      return os::remove_tree(sessions_fd, entry.name);
    }();
    if (!removed && first) first = std::move(removed).error().with_context(entry.name);
  }
  return first;
}

bool anything_gone(int folder) {
  const auto entries = os::list_folder(folder, kMaxFolders);
  return entries && std::ranges::any_of(*entries, [](const os::FolderEntry& entry) {
           return entry.name.starts_with(kGonePrefix);
         });
}

}  // namespace

Housekeeping::Housekeeping(const Parts& parts)
    : parts_(parts), wall_(wall_of(parts.clock)), boot_(parts.clock.boot()) {
  if (parts_.keep > Duration::zero()) next_round_ = parts_.clock.monotonic();
  if (auto done = parts_.workspaces.put_away_unfinished(random_); !done)
    parts_.log.warning("unfinished workspaces are left", {{"why", done.error().message()}});
  to_clear_ = parts_.workspaces.anything_to_clear() || anything_gone(parts_.sessions_fd);
}

// --- seeds

Housekeeping::Place Housekeeping::prepare(const std::string& session) {
  if (sowing_.contains(session) || std::ranges::find(to_sow_, session) != to_sow_.end())
    return Place::comes;
  if (!parts_.workspaces.wants_seed(session)) return Place::there;
  to_sow_.push_back(session);
  start_sowings();
  return Place::comes;
}

void Housekeeping::start_sowings() {
  while (!to_sow_.empty() && sowing_.size() < kMaxSowings) {
    const std::string session = std::move(to_sow_.front());
    to_sow_.pop_front();
    auto plan = parts_.workspaces.plan_sowing(session, random_);
    if (!plan) {
      sown_.push_back({session, std::move(plan).error()});
      continue;
    }
    auto chore = FileChore::start({parts_.workspaces.fd()}, [this, &plan]() -> Result<void> {
      return parts_.workspaces.sow(*plan);
    });
    if (chore)
      sowing_.emplace(session, Sowing{std::move(*plan), std::move(*chore)});
    else
      sown_.push_back({session, std::move(chore).error()});
  }
}

std::vector<Housekeeping::Sown> Housekeeping::take_sown() {
  return std::exchange(sown_, {});
}

// --- keeping

void Housekeeping::touch(int session_folder) const {
  if (auto done = os::swap_file(session_folder, kLastUseName, "", kPrivateFile); !done)
    parts_.log.warning("the use of a session was not noted", {{"why", done.error().message()}});
}

void Housekeeping::watch_clock() {
  const Duration wall = wall_of(parts_.clock), boot = parts_.clock.boot();
  const Duration ahead = (wall - std::exchange(wall_, wall)) - (boot - std::exchange(boot_, boot));
  const Duration now = parts_.clock.monotonic();
  if (ahead > kClockStep) {
    doubt_until_ = now + parts_.keep;
    parts_.log.warning("the clock was set forward, old sessions are kept for the time of keep",
                       {{"seconds", static_cast<std::int64_t>(ahead / seconds(1))}});
  } else if (doubt_until_ && now >= *doubt_until_) {
    doubt_until_.reset();
  }
}

void Housekeeping::begin_round() {
  next_round_ = parts_.clock.monotonic() + round_of(parts_.keep);
  auto entries = os::list_folder(parts_.sessions_fd, kMaxFolders);
  if (!entries)
    return parts_.log.warning("sessions cannot be looked through",
                              {{"why", entries.error().message()}});
  for (os::FolderEntry& entry : *entries)
    if (!entry.name.starts_with('.')) to_look_at_.push_back(std::move(entry.name));
}

bool Housekeeping::is_idle(const std::string& folder) const {
  const auto facts = os::facts_at(parts_.sessions_fd, folder);
  if (!facts || facts->type != os::FileType::folder) return false;
  const std::int64_t now = parts_.clock.wall().microseconds;
  const Duration idle = std::chrono::microseconds(now - facts->modified_ns / 1000);
  if (idle < parts_.keep) return false;
  if (idle >= kKeepUnposted) return true;
  // A folder's name names itself.
  const auto store = box::SessionStore::open(parts_.sessions_fd, folder);
  if (!store) return false;
  const auto pending = store->pending().list();
  return pending && pending->empty();
}

// The workspace first: while the session's folder is there, it says that the workspace is ours.
void Housekeeping::put_away(const std::string& folder) {
  auto done = parts_.workspaces.put_away(folder, random_);
  if (done) {
    const std::string gone = std::string(kGonePrefix) + random_.hex(8);
    done = os::rename_at(parts_.sessions_fd, folder, parts_.sessions_fd, gone, os::Replace::no);
  }
  if (!done)
    return parts_.log.warning("an old session is left",
                              {{"folder", folder}, {"why", done.error().message()}});
  parts_.log.info("nobody came back to a session, it is removed", {{"folder", folder}});
  to_clear_ = true;
}

void Housekeeping::look_at_some(const std::set<std::string>& in_use) {
  watch_clock();
  for (std::size_t i = 0; i < kLooksAtOnce && !to_look_at_.empty(); ++i) {
    const std::string folder = std::move(to_look_at_.back());
    to_look_at_.pop_back();
    if (!in_use.contains(folder)) {
      if (!doubt_until_ && is_idle(folder)) put_away(folder);
    } else if (const auto opened = os::open_at(parts_.sessions_fd, folder, kFolder)) {
      touch(opened->get());
    }
  }
}

void Housekeeping::clear() {
  to_clear_ = false;
  auto chore =
      FileChore::start({parts_.workspaces.fd(), parts_.sessions_fd}, [this]() -> Result<void> {
        const auto sessions = clear_sessions(parts_.sessions_fd);
        TRY(parts_.workspaces.clear());
        return sessions;
      });
  if (chore)
    clearing_.emplace(std::move(*chore));
  else
    parts_.log.warning("old sessions are left", {{"why", chore.error().message()}});
}

// --- the loop

void Housekeeping::add_polls(std::vector<os::Poll>& polls) const {
  for (const auto& [session, sowing] : sowing_) polls.push_back({.fd = sowing.chore.fd()});
  if (clearing_) polls.push_back({.fd = clearing_->fd()});
}

milliseconds Housekeeping::patience() const {
  if (!to_look_at_.empty()) return milliseconds(0);
  if (!next_round_) return milliseconds(-1);
  const Duration left = *next_round_ - parts_.clock.monotonic();
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(left));
}

void Housekeeping::attend(const std::function<std::set<std::string>()>& in_use) {
  for (auto at = sowing_.begin(); at != sowing_.end();) {
    if (!at->second.chore.ended()) {
      ++at;
      continue;
    }
    auto done = at->second.chore.result();
    sown_.push_back({at->first, done ? Result<void>() : Result<void>(std::move(done).error())});
    at = sowing_.erase(at);
  }
  start_sowings();
  if (clearing_ && clearing_->ended()) {
    if (auto done = clearing_->result(); !done)
      parts_.log.warning("old sessions are left", {{"why", done.error().message()}});
    clearing_.reset();
    // An id that is given to a copy under way is in no folder yet.
    if (sowing_.empty()) (void)parts_.workspaces.read_taken_ids();
  }
  if (to_look_at_.empty() && next_round_ && parts_.clock.monotonic() >= *next_round_) begin_round();
  if (!to_look_at_.empty()) look_at_some(in_use());
  if (to_clear_ && to_look_at_.empty() && !clearing_) clear();
}

}  // namespace glovebox::roles
