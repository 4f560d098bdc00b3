#include "audit/wal_segment.h"

#include <algorithm>
#include <vector>

namespace glovebox::audit {

namespace {

struct Behind {
  std::uint64_t own_bytes = 0;  // of the group that is not whole, if its commit frame is there
  std::optional<std::uint64_t> later_end;  // index behind the last record of a later group
};

// Every commit frame of this use of the segment behind the last whole group.
Behind look_behind(std::string_view bytes, const WalHeader& header, const WalPosition& next,
                   std::uint64_t end) {
  Behind behind;
  const std::uint32_t seed = header.seed();
  for (std::uint64_t at = end + header.block; at <= bytes.size(); at += header.block) {
    const auto commit = commit_at_end(bytes.substr(0, at), seed);
    if (!commit || commit->first < next.index) continue;
    const bool own =
        commit->first == next.index && std::uint64_t{commit->blocks} * header.block == at - end;
    if (own) {
      behind.own_bytes = at - end;
      continue;
    }
    behind.later_end = std::max(behind.later_end.value_or(0), commit->end());
  }
  return behind;
}

}  // namespace

Result<WalSegmentFound> scan_wal_segment(std::string_view bytes, const WalHeader& header,
                                         const WalVisitor& visit) {
  WalSegmentFound found{.next = {.index = header.first, .chain = header.chain},
                        .end = header.block};
  const std::uint32_t seed = header.seed();
  std::vector<WalRecord> records;
  while (found.end < bytes.size()) {
    const WalGroupFound group =
        read_wal_group(bytes.substr(found.end), seed, header.block, found.next, records);
    if (!group.next) {
      found.torn = group.bytes;
      if (group.contradicts) found.lost_end = records.back().index + 1;
      break;
    }
    TRY(visit(records));
    found.next = *group.next;
    found.end += group.bytes;
  }
  const Behind behind = look_behind(bytes, header, found.next, found.end);
  found.torn = std::max(found.torn, behind.own_bytes);
  if (behind.later_end) found.lost_end = behind.later_end;
  return found;
}

std::optional<WalLastCommit> last_commit(std::string_view bytes, const WalHeader& header) {
  const std::uint32_t seed = header.seed();
  for (std::uint64_t at = bytes.size() / header.block * header.block; at > header.block;
       at -= header.block) {
    const auto commit = commit_at_end(bytes.substr(0, at), seed);
    const std::uint64_t size = commit ? std::uint64_t{commit->blocks} * header.block : 0;
    if (commit && size <= at - header.block)
      return WalLastCommit{.offset = at - size, .end = commit->end()};
  }
  return std::nullopt;
}

std::uint64_t end_without_header(std::string_view bytes) {
  std::uint64_t end = 0;
  for (std::size_t at = kLeastWalBlock; at <= bytes.size(); at += kLeastWalBlock)
    if (const auto commit = commit_at_end(bytes.substr(0, at), std::nullopt))
      end = std::max(end, commit->end());
  return end;
}

}  // namespace glovebox::audit
