// What was made under guarded names: recorded in its order, and taken away at a session's ends.
#include <fcntl.h>

#include <string>
#include <utility>

#include "box/guard_sweep.h"
#include "box/quarantine.h"
#include "codec/utf8.h"
#include "ipc/wire.h"
#include "os/file.h"
#include "roles/boxer.h"

namespace glovebox::roles {

using audit::RecordKind;

// Asked for before the result that they belong to, on the same channel: so they are in the log
// before it, and durable when it is.
void Boxer::note_taken(const std::string& name, std::string_view tool_use,
                       const box::GuardReport& report) {
  if (!report.left.empty())
    host_.log.error("what a guest made under a guarded name could not be moved away",
                    {{"session", name}, {"what", report.left}});
  if (!report.names.empty())
    host_.log.info("what was made under guarded names was taken away",
                   {{"session", name},
                    {"first", codec::visible_text(report.names.front().path)},
                    {"names", static_cast<std::int64_t>(report.names.size() + report.more)}});
  for (codec::JsonObject& members : taken_members(report))
    log_client_.note({RecordKind::fs_deny, name, std::string(tool_use), std::move(members)});
  send_notes();
}

// Nothing of the session's guests runs. Where a call was ended with the process that would have
// looked, or an earlier boxer with all of it, this is what finds what it left.
void Boxer::sweep_session(const std::string& name, const BoxerSession& session) {
  const box::GuardGround ground{session.workspace.path, session.store.fd(), session.workspace.ids};
  const auto guests = session.lost_keeper ? box::GuestsAre::dying : box::GuestsAre::gone;
  note_taken(name, "", box::sweep_at_the_end(ground, guests));
}

// As sweep_session(), by a child: a guest may have made so much that it takes a while. False: there
// is nothing to be done, or it has been done here.
bool Boxer::sweep_beside(const std::string& name, BoxerSession& session) {
  if (!box::is_anything_watched(session.store.fd())) return false;
  const auto guests = session.lost_keeper ? box::GuestsAre::dying : box::GuestsAre::gone;
  auto chore = FileChore::ask({session.store.fd()}, [&]() -> Result<std::string> {
    const box::GuardGround ground{session.workspace.path, session.store.fd(),
                                  session.workspace.ids};
    ipc::Writer writer;
    box::write_guard_report(writer, box::sweep_at_the_end(ground, guests));
    return writer.take();
  });
  if (!chore) {
    host_.log.warning("a sweep holds up other sessions", {{"why", chore.error().message()}});
    sweep_session(name, session);
    return false;
  }
  session.final_sweep.emplace(*std::move(chore));
  return true;
}

void Boxer::finish_sweeps() {
  for (auto& [name, session] : sessions_) {
    if (!session.final_sweep || !session.final_sweep->ended()) continue;
    const auto report = [&]() -> Result<box::GuardReport> {
      const std::string answer = TRY(session.final_sweep->result());
      ipc::Reader reader(answer);
      auto read = TRY(box::read_guard_report(reader));
      TRY(reader.finish());
      return read;
    }();
    session.final_sweep.reset();
    if (report) {
      note_taken(name, "", *report);
    } else {
      host_.log.warning("a sweep holds up other sessions", {{"why", report.error().message()}});
      sweep_session(name, session);
    }
    record_end(name, session);
  }
}

// Of a workspace that stays, what was taken from it stays as well.
Result<void> Boxer::remove_folder(const std::string& name, const BoxerSession& session) const {
  const std::string folder = box::folder_name(name);
  if (host_.settings.workspace == WorkspaceMode::shared &&
      TRY(box::is_anything_quarantined(session.store.fd()))) {
    host_.log.info("what was taken away from under guarded names is kept",
                   {{"folder", host_.settings.sessions + "/" + folder + "/" + box::kQuarantine}});
    return {};
  }
  TRY(box::remove_quarantine(session.store.fd()));
  return os::remove_tree(host_.sessions_fd, folder);
}

}  // namespace glovebox::roles
