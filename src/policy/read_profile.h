// The parts of a profile, from a document. For load.cc.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/policy.h"

namespace glovebox::policy {

// Each notes what is wrong at the reader and fills in what was right.
void read_profile(DocumentReader& reader, const Entry& entry, Policy& policy);
void read_mounts(DocumentReader& reader, const Value& value, Profile& profile);
void read_limits(DocumentReader& reader, const Value& value, Limits& limits);
void read_guard(DocumentReader& reader, const Value& value, std::vector<Guard>& guard);

// "64KiB" and the like.
std::optional<std::uint64_t> read_bytes(DocumentReader& reader, const Value& value,
                                        std::string_view what);
// Notes that the key belongs to a later version of glovebox.
void report_later(DocumentReader& reader, const Key& key);

}  // namespace glovebox::policy
