#include <format>
#include <utility>

#include "audit/export_fields.h"
#include "audit/export_line.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kSpecialInHead = R"(\|)";
constexpr std::string_view kSpecialInFields = R"(\=)";
constexpr std::int64_t kMicrosecondsPerMillisecond = 1000;

// In the order of their importance: member of the record (of none, its answer), key of the
// dictionary, and for the keys without a meaning of their own what they are called.
struct Field {
  std::string_view member, key, label;
};
constexpr Field kFields[] = {
    {"sid", "cs1", "session"},
    {"tu", "externalId", ""},
    {"", "act", ""},
    {"tool", "cs6", "tool"},
    {"host", "dhost", ""},
    {"port", "dpt", ""},
    {"rule", "cs4", "rule"},
    {"why", "reason", ""},
    {"outcome", "outcome", ""},
    {"call", "flexString1", "call"},
    {"meth", "requestMethod", ""},
    {"pol", "cs3", "policy"},
    {"prof", "cs5", "profile"},
    {"l7", "app", ""},
    {"name", "filePath", ""},
    {"comm", "dproc", ""},
    {"up", "out", ""},
    {"down", "in", ""},
    {"n", "cnt", ""},
};

int severity_of(Weight weight) {
  switch (weight) {
    case Weight::info:
      return 2;
    case Weight::warning:
      return 6;
    case Weight::alarm:
      return 9;
  }
  std::unreachable();
}

std::string head_field(std::string_view value) {
  return escaped_field(value, kSpecialInHead);
}

std::string extension(const Field& field, std::string_view value) {
  std::string text = std::format(" {}={}", field.key, escaped_field(value, kSpecialInFields));
  if (!field.label.empty()) text += std::format(" {}Label={}", field.key, field.label);
  return text;
}

}  // namespace

std::string cef_line(const ExportRecord& record, const ExportOrigin& from) {
  const Record& read = record.record;
  CappedLine line(
      std::format("CEF:0|glovebox|glovebox|{}|{}|{}|{}|rt={} cn1={} cn1Label=index cs2={} "
                  "cs2Label=leaf",
                  head_field(from.version), head_field(to_string(read.kind)),
                  head_field(words_for(read.kind)), severity_of(weight_of(read)),
                  read.wall.microseconds / kMicrosecondsPerMillisecond, record.index,
                  record.leaf.hex()),
      kMaxCefBytes);
  line.add(extension({"", "deviceExternalId", ""}, from.origin));
  if (const std::string machine = machine_of(from.origin); !machine.empty())
    line.add(extension({"", "dvchost", ""}, machine));
  for (const Field& field : kFields)
    if (const std::string value = member_or_answer(read, field.member); !value.empty())
      line.add(extension(field, value));
  // The dictionary has a place for each kind of address.
  if (const std::string address = member_text(read, "addr"); address.contains(':'))
    line.add(extension({"", "c6a3", "destination"}, address));
  else if (!address.empty())
    line.add(extension({"", "dst", ""}, address));
  return std::move(line).take();
}

}  // namespace glovebox::audit
