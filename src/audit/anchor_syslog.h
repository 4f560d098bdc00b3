// An anchor in syslog: one message of RFC 5424 with a checkpoint, for the SIEM that somebody trusts
// already. Pure text; who sends it has a connection of its own.
//
//   <109>1 2026-11-24T15:22:31.000000Z build-7 glovebox - anchor - checkpoint v1 ORIGIN SIZE ROOT
//   SIG
//
// Facility 13 (log audit), severity 5 (notice). ROOT and SIG are base64 as they stand in the note;
// SIG is the line of the log's own key. Nothing else is in it, so the note can be made from it
// again (checkpoint_in_syslog()) and checked as any other (anchor_check.h). No structured data: we
// have no number of an enterprise under which to name it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "codec/checkpoint.h"

namespace glovebox::audit {

// Every receiver takes so much (RFC 5425 §4.3.1); over UDP all should (RFC 5426 §3.2).
constexpr std::size_t kMaxSyslogBytes = 2048;
constexpr std::size_t kMaxSyslogHost = 255;

// How messages are told apart on the way.
enum class SyslogTransport {
  udp,  // RFC 5426: a datagram is a message
  tcp,  // RFC 6587 §3.4.1: its length, a space, the message
  tls,  // RFC 5425 §4.3: the same
};

// `note`: a checkpoint with the signature of its log, which is not checked here. `host`: the name
// of the machine; `-` is sent for one that is empty. Errors: invalid (no checkpoint, no line of its
// log, an origin or a host that is not printable ASCII), limit (the message is too long).
Result<std::string> format_syslog_anchor(std::string_view note, std::string_view host,
                                         WallTime now);
// What goes over the wire.
std::string frame_syslog(std::string_view message, SyslogTransport transport);

// The note of a message, or of a line in which a receiver has stored one with things of its own
// before or behind it. Errors: not_found (no anchor in it), invalid.
Result<std::string> checkpoint_in_syslog(std::string_view line);

}  // namespace glovebox::audit
