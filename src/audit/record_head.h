// What the rules of a log need of a record, read without building the rest: for who reads them all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/record.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/digest.h"
#include "codec/jcs_scan.h"

namespace glovebox::audit {

struct RecordHead {
  RecordKind kind;
  WallTime wall;
  Duration since_boot;
  std::string boot_id;
  codec::Sha256Digest previous;
  std::string session;   // empty when absent
  std::string tool_use;  // empty when absent
  bool operator==(const RecordHead&) const = default;
};

RecordHead head_of(const Record& record);

class RecordHeadReader {
 public:
  // Takes and refuses what parse_record does, with its words.
  Result<RecordHead> read(std::string_view line);

 private:
  std::vector<codec::ScannedMember> members_;  // kept for its memory
};

}  // namespace glovebox::audit
