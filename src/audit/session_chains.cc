#include "audit/session_chains.h"

namespace glovebox::audit {

codec::Sha256Digest SessionChains::previous(std::string_view session) const {
  if (session.empty()) return last_of_none_;
  const auto found = last_.find(codec::sha256(session));
  return found == last_.end() ? codec::Sha256Digest{} : found->second;
}

Result<void> SessionChains::may_set(std::string_view session) const {
  if (session.empty() || last_.size() < max_sessions_ || last_.contains(codec::sha256(session)))
    return {};
  return Error(ErrorKind::limit, "the log knows as many sessions as it can; start a new one");
}

Result<void> SessionChains::set(std::string_view session, const codec::Sha256Digest& leaf) {
  TRY(may_set(session));
  (session.empty() ? last_of_none_ : last_[codec::sha256(session)]) = leaf;
  return {};
}

}  // namespace glovebox::audit
