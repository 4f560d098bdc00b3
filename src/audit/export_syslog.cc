#include <format>
#include <utility>

#include "audit/export_fields.h"
#include "audit/export_line.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kSpecial = R"("\])";  // RFC 5424 §6.3.3
constexpr std::size_t kMaxHost = 255;            // §6
constexpr int kFacility = 13;                    // log audit
// The enterprise number that RFC 5612 sets aside for documentation: there is none of our own.
constexpr std::string_view kElement = "[glovebox@32473";

// In the order of their importance: member of the record (of none, its answer), name in the line.
constexpr std::pair<std::string_view, std::string_view> kFields[] = {
    {"sid", "session"}, {"tu", "toolUse"},      {"", "decision"},    {"tool", "tool"},
    {"host", "host"},   {"port", "port"},       {"call", "call"},    {"rule", "rule"},
    {"why", "reason"},  {"outcome", "outcome"}, {"prof", "profile"}, {"pol", "policy"},
    {"meth", "method"}, {"l7", "mode"},         {"name", "file"},    {"addr", "address"},
    {"up", "sent"},     {"down", "received"},   {"n", "times"},      {"exit", "exit"},
    {"act", "act"},     {"version", "version"},
};

int severity_of(Weight weight) {
  switch (weight) {
    case Weight::info:
      return 6;  // informational
    case Weight::warning:
      return 4;
    case Weight::alarm:
      return 1;  // alert
  }
  std::unreachable();
}

std::string parameter(std::string_view name, std::string_view value) {
  return std::format(R"( {}="{}")", name, escaped_field(value, kSpecial));
}

}  // namespace

std::string syslog_line(const ExportRecord& record, const ExportOrigin& from) {
  const Record& read = record.record;
  const std::string machine = machine_of(from.origin).substr(0, kMaxHost);
  const std::string message = std::format("] {}", words_for(read.kind));
  CappedLine line(std::format("<{}>1 {} {} glovebox - {} {}",
                              kFacility * 8 + severity_of(weight_of(read)), to_rfc3339(read.wall),
                              machine.empty() ? "-" : machine, to_string(read.kind), kElement),
                  kMaxSyslogBytes);
  line.add(parameter("index", std::to_string(record.index)), message.size());
  line.add(parameter("leaf", record.leaf.hex()), message.size());
  line.add(parameter("origin", from.origin), message.size());
  for (const auto& [key, name] : kFields)
    if (const std::string value = member_or_answer(read, key); !value.empty())
      line.add(parameter(name, value), message.size());
  line.add(message);
  return std::move(line).take();
}

}  // namespace glovebox::audit
