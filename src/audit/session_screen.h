// One session for people: who asked, under which policy and within which walls; each call with the
// decision, the rule that made it, where data went and what came of it; what it comes to, and
// whether all of it is sealed.
//
// In the order of the records and in constant memory: what is remembered is the number of each call
// that has not ended. Lines of printable ASCII, at most kScreenWidth; what is cut ends in `...`,
// and `audit show --index` has all of it. Nothing is verified but the form of each record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.h"

namespace glovebox::audit {

constexpr std::size_t kScreenWidth = 100;

class SessionScreen {
 public:
  using Lines = std::vector<std::string>;
  // `session`: as the records have it. `origin`: the name of the log.
  SessionScreen(std::string_view session, std::string_view origin);

  // The next record of the log; nothing of another session.
  Lines add(std::uint64_t index, const Record& record);
  // `sealed`: how many records of the log are under its checkpoint.
  Lines totals(std::uint64_t sealed) const;
  bool is_empty() const { return records_ == 0; }

 private:
  class Writer;
  Lines heading() const;
  void opened(Writer& out, const Record& record);
  void decided(Writer& out, const Record& record);
  void ended(Writer& out, const Record& record);
  void network(Writer& out, const Record& record);
  void refused(Writer& out, const Record& record);
  std::string name_of(const Record& record) const;

  std::string session_, origin_;
  std::map<std::string, std::uint64_t, std::less<>> going_;  // calls, by id
  std::uint64_t last_call_ = 0;
  std::uint64_t records_ = 0, last_index_ = 0;
  std::uint64_t ran_ = 0, calls_refused_ = 0, unfinished_ = 0;
  std::uint64_t connections_ = 0, connections_refused_ = 0, other_refusals_ = 0;
  std::uint64_t up_ = 0, down_ = 0;
};

}  // namespace glovebox::audit
