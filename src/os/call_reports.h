// System calls that a filter reports to a listener (SECCOMP_RET_USER_NOTIF; seccomp_unotify(2)).
//
// Whoever makes such a call is stopped by the kernel until the listener answers, is killed, or the
// last descriptor of the listener is closed: then the call, and each one after it, is refused with
// ENOSYS. There is one answer here, an error: what a call points to can be changed by another
// thread between a look and the kernel's own, so no call is ever let through on the word of a
// listener (SECCOMP_USER_NOTIF_FLAG_CONTINUE is not used), and no memory of the caller is read.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

// Loads a filter as load_filter does, and gives its listener, close-on-exec. A caller is not woken
// by anything but its death once its call was taken, where the kernel knows how (5.19); before
// that a signal makes it call again, and the same call is reported twice.
// Errors: of the kernel; EBUSY: a filter of this process has a listener already.
Result<UniqueFd> load_filter_with_listener(std::string_view program);

struct ReportedCall {
  std::uint64_t id = 0;
  pid_t pid = 0;  // of the thread, as the reader sees it; 0: it is in no namespace of the reader's
  std::uint32_t number = 0;
  std::uint32_t arch = 0;  // AUDIT_ARCH_
  std::array<std::uint64_t, 6> arguments{};

  bool operator==(const ReportedCall&) const = default;
};

// Poll the listener for reading. Never blocks, if this process is its only reader. nullopt: there
// is none now, or it ended meanwhile. Error closed: no process is under the filter any more.
Result<std::optional<ReportedCall>> next_reported_call(int listener);
// True: whoever made it has not had an answer; so what was read about its process meanwhile was
// about no other.
bool is_waiting(int listener, std::uint64_t id);
// `error`: an errno above 0. Error not_found: the caller is gone.
Result<void> refuse_reported_call(int listener, std::uint64_t id, int error);

// Does all of it once, between two processes that are gone afterwards. Errors: unsupported, with
// what went wrong.
Result<void> try_call_reports();

}  // namespace glovebox::os
