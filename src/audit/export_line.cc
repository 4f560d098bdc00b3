#include "audit/export_line.h"

#include <array>
#include <format>
#include <utility>

#include "audit/export_ocsf.h"
#include "codec/json.h"

namespace glovebox::audit {

namespace {

constexpr std::array<std::string_view, 4> kNames = {"jsonl", "ocsf", "cef", "syslog"};

}  // namespace

std::string_view to_string(ExportFormat format) {
  return kNames.at(static_cast<std::size_t>(format));
}

std::optional<ExportFormat> parse_export_format(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames.at(i) == text) return static_cast<ExportFormat>(i);
  return std::nullopt;
}

std::string jsonl_line(const ExportRecord& record) {
  return std::format(R"({{"index":{},"leaf":"{}","record":{}}})", record.index, record.leaf.hex(),
                     record.bytes);
}

std::string export_line(ExportFormat format, const ExportRecord& record, const ExportOrigin& from) {
  switch (format) {
    case ExportFormat::jsonl:
      return jsonl_line(record);
    case ExportFormat::ocsf:
      return codec::to_json(ocsf_event(record, from));
    case ExportFormat::cef:
      return cef_line(record, from);
    case ExportFormat::syslog:
      return syslog_line(record, from);
  }
  std::unreachable();
}

}  // namespace glovebox::audit
