// The chain of each session: every record holds the leaf hash of the record before it that speaks
// of the same session (`prev`), 64 zeros in its first.
//
// The order of all records is the tree's. The chain is for what is taken out of the log: whoever
// has the records of one session sees whether one is missing between two. Records of no session
// form a chain of their own. Items of one session continue its chain.
#pragma once

#include <cstddef>
#include <map>
#include <string_view>

#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::audit {

// About 120 MB when full. Beyond it a session that is new is refused; a new log starts anew.
constexpr std::size_t kMaxSessions = 1'000'000;

class SessionChains {
 public:
  explicit SessionChains(std::size_t max_sessions = kMaxSessions) : max_sessions_(max_sessions) {}

  // What `prev` of the next record is. `session`: its `sid`, empty for none.
  codec::Sha256Digest previous(std::string_view session) const;
  // Whether set() would succeed: the record is written between the two. Error: limit.
  Result<void> may_set(std::string_view session) const;
  Result<void> set(std::string_view session, const codec::Sha256Digest& leaf);
  // Without the chain of no session.
  std::size_t sessions() const { return last_.size(); }

 private:
  std::size_t max_sessions_;
  // By the hash of the id, so that long ids take no more memory. Zeros: not begun.
  std::map<codec::Sha256Digest, codec::Sha256Digest> last_;
  codec::Sha256Digest last_of_none_;
};

}  // namespace glovebox::audit
