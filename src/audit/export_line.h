// One record as one line of another format, without its line end.
//
// - jsonl: `{"index":N,"leaf":"…","record":…}`, the record byte for byte as it stands in the log.
// - ocsf: an event of the Open Cybersecurity Schema Framework, version 1.8.0 (export_ocsf.h).
// - cef: ArcSight's Common Event Format, version 0, at most kMaxCefBytes.
// - syslog: RFC 5424, at most kMaxSyslogBytes, which every receiver should take (§6.1).
//
// cef and syslog carry what the record is about, never arguments or payloads: receivers cut long
// lines. The index and the leaf hash are always whole; a value that is too long ends in `...`, and
// fields for which there is no room are left out, the least important first.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "audit/export_record.h"

namespace glovebox::audit {

constexpr std::size_t kMaxCefBytes = 2048;
constexpr std::size_t kMaxSyslogBytes = 2048;

enum class ExportFormat { jsonl, ocsf, cef, syslog };
std::string_view to_string(ExportFormat format);
std::optional<ExportFormat> parse_export_format(std::string_view text);

std::string export_line(ExportFormat format, const ExportRecord& record, const ExportOrigin& from);

// The single ones.
std::string jsonl_line(const ExportRecord& record);
std::string cef_line(const ExportRecord& record, const ExportOrigin& from);
std::string syslog_line(const ExportRecord& record, const ExportOrigin& from);

}  // namespace glovebox::audit
