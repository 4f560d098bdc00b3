#include "box/guard_report.h"

#include <utility>

namespace glovebox::box {

using ipc::kMaxText;
using ipc::Reader;
using ipc::Writer;

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::quarantined:
      return "quarantined";
    case Fate::put_aside:
      return "put aside";
    case Fate::removed:
      return "removed";
    case Fate::left:
      return "left";
  }
  return "unknown";
}

std::string_view kind_name(os::FileType type) {
  switch (type) {
    case os::FileType::regular:
      return "file";
    case os::FileType::folder:
      return "folder";
    case os::FileType::symlink:
      return "link";
    case os::FileType::fifo:
      return "fifo";
    case os::FileType::socket:
      return "socket";
    case os::FileType::device:
      return "device";
    case os::FileType::other:
      break;
  }
  return "other";
}

void write_guard_report(Writer& writer, const GuardReport& report) {
  writer.number(static_cast<std::uint32_t>(report.names.size()));
  for (const SweptName& name : report.names) {
    writer.text(name.path).number(static_cast<std::uint8_t>(name.type)).text(name.rule);
    writer.number(static_cast<std::uint8_t>(name.moved.fate)).text(name.moved.place);
    writer.number(name.moved.size.bytes).number(name.moved.size.files);
    writer.number(static_cast<std::uint8_t>(name.moved.size.is_whole ? 1 : 0));
  }
  writer.number(report.more).number(static_cast<std::uint8_t>(report.is_whole ? 1 : 0));
  writer.text(report.left);
}

Result<GuardReport> read_guard_report(Reader& reader) {
  GuardReport report;
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    if (report.names.size() == kMaxSweptNames)
      return Error(ErrorKind::protocol, "guard: too many names");
    SweptName name;
    name.path = TRY(reader.text(kMaxText));
    name.type = TRY(reader.choice(os::FileType::other));
    name.rule = TRY(reader.text(kMaxText));
    name.moved.fate = TRY(reader.choice(Fate::left));
    name.moved.place = TRY(reader.text(kMaxText));
    name.moved.size.bytes = TRY(reader.number<std::uint64_t>());
    name.moved.size.files = TRY(reader.number<std::uint64_t>());
    name.moved.size.is_whole = TRY(reader.flag());
    report.names.push_back(std::move(name));
  }
  report.more = TRY(reader.number<std::uint64_t>());
  report.is_whole = TRY(reader.flag());
  report.left = TRY(reader.text(kMaxText));
  return report;
}

}  // namespace glovebox::box
