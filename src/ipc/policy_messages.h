// What the supervisor says about policies: to the boxer, which carries them out, to the auditor,
// which keeps them, and to the operator, who asks for them.
//
// The rules are those of messages.h; accepts() there says who takes what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"

namespace glovebox::ipc {

constexpr std::size_t kMaxPolicyDocument = 16 * kMiB;
constexpr std::size_t kMaxControlSubject = 4096;      // a path or a digest
constexpr std::size_t kMaxControlAnswer = 48 * kKiB;  // fits into one packet

// --- supervisor and boxer ------------------------------------------------------------------

// One at a time; each is answered with a report of the same ticket.
enum class PolicyAct : std::uint8_t {
  take,    // `subject` is the boxer's settings: for sessions that are opened from now on
  revoke,  // `subject` is a digest: its sessions end, and none is opened on it
  count,   // the sessions of each digest
};
struct PolicyOrder {
  static constexpr std::uint16_t kType = 0x110;
  std::uint64_t ticket = 0;
  PolicyAct act = PolicyAct::count;
  std::string subject;
  std::string encode() const;
  static Result<PolicyOrder> decode(std::string_view body);
};

struct PolicyReport {
  static constexpr std::uint16_t kType = 0x111;
  std::uint64_t ticket = 0;
  std::string problem;   // why it was not done; empty: it was
  std::string sessions;  // JSON object: digest, number of its open sessions
  std::string encode() const;
  static Result<PolicyReport> decode(std::string_view body);
};

// --- supervisor and auditor, beside Append -------------------------------------------------

// Keeps the document for good; answered with PolicyKept or AppendFailed.
struct KeepPolicy {
  static constexpr std::uint16_t kType = 0x310;
  std::uint64_t sequence = 0;
  std::string digest;  // of the policy; hexadecimal
  std::string document;
  std::string encode() const;
  static Result<KeepPolicy> decode(std::string_view body);
};

struct PolicyKept {  // the document is on stable storage
  static constexpr std::uint16_t kType = 0x311;
  std::uint64_t sequence = 0;
  std::string document;  // SHA-256 of the one that is kept, hexadecimal
  std::string encode() const;
  static Result<PolicyKept> decode(std::string_view body);
};

// Answered with PolicyFetched or AppendFailed.
struct FetchPolicy {
  static constexpr std::uint16_t kType = 0x312;
  std::uint64_t sequence = 0;
  std::string digest;
  std::string encode() const;
  static Result<FetchPolicy> decode(std::string_view body);
};

struct PolicyFetched {
  static constexpr std::uint16_t kType = 0x313;
  std::uint64_t sequence = 0;
  std::string document;
  std::string encode() const;
  static Result<PolicyFetched> decode(std::string_view body);
};

// --- operator and supervisor, over the control socket --------------------------------------

enum class ControlAct : std::uint8_t { load, status, rollback, revoke };

struct ControlRequest {
  static constexpr std::uint16_t kType = 0x600;
  ControlAct act = ControlAct::status;
  std::string subject;            // load: a file, empty for the one in use; else a digest
  std::uint8_t also_revoked = 0;  // load, rollback: the operator knows that it was revoked
  std::string encode() const;
  static Result<ControlRequest> decode(std::string_view body);
};

struct ControlAnswer {
  static constexpr std::uint16_t kType = 0x601;
  std::string problem;  // why it was not done; empty: it was
  std::string facts;    // JSON object
  std::string encode() const;
  static Result<ControlAnswer> decode(std::string_view body);
};

}  // namespace glovebox::ipc
