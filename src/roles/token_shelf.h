// What the worker was given for its work items and no record may show: kept by the supervisor as
// sealed memory files that it never reads, so that an auditor that is started again can be told.
//
// A worker can add to the shelf and say that an item has ended. Nothing goes by that alone: what
// belongs to an ended item is given up when there is no room for more, kKeptAfterEnd after its end
// at the soonest, the oldest first. Where nothing can be given up, nothing more is taken, and the
// session that wanted to add it is refused. Nothing here is the environment key's or egress's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace glovebox::roles {

constexpr std::size_t kMaxTokens = 1536;  // more than sessions of a worker
constexpr seconds kKeptAfterEnd{600};

class TokenShelf {
 public:
  struct Token {
    std::uint64_t number = 0;  // never used twice
    std::string item;
    UniqueFd file;
    std::optional<Duration> over;  // since when
  };

  explicit TokenShelf(std::size_t most = kMaxTokens) : most_(most) {}

  struct Taken {
    std::uint64_t number = 0;
    std::vector<std::uint64_t> given_up;  // for it
  };
  // Never in place of an earlier one of the item. Error: limit.
  Result<Taken> put(std::string item, UniqueFd file, Duration now);
  void end_item(std::string_view item, Duration now);
  void end_all(Duration now);
  void remove(std::uint64_t number);  // one that the auditor did not take
  const std::deque<Token>& tokens() const { return tokens_; }

 private:
  std::deque<Token> tokens_;  // oldest first
  std::size_t most_;
  std::uint64_t next_ = 1;
};

}  // namespace glovebox::roles
