// The records of one session as a page for people (codec/html.h): what was called, what was
// decided and by which rule, where data went, what came of it.
//
// The page proves nothing by itself; it is made of the records, and of nothing else, so whoever has
// them can make it again and compare.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "audit/export_record.h"

namespace glovebox::audit {

constexpr std::size_t kMaxPageValue = 400;  // bytes of one value; the records have all of it

// `session`: as the records have it. `origin`: the name of the log.
std::string session_page(std::string_view session, std::string_view origin,
                         std::span<const ExportRecord> records);

}  // namespace glovebox::audit
