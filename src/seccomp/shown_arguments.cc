#include "seccomp/shown_arguments.h"

#include <charconv>
#include <format>
#include <system_error>

namespace glovebox::seccomp {

namespace {

enum class Form : std::uint8_t { number, flags, wide_flags };

struct Shown {
  std::string_view call;
  std::uint8_t argument;
  std::string_view name;
  Form form;
};

// From the manual pages of section 2. Of keyctl and bpf only the operation: what the other
// arguments are depends on it.
constexpr Shown kShown[] = {
    {"bpf", 0, "cmd", Form::number},
    {"clone", 0, "flags", Form::wide_flags},
    {"fsconfig", 0, "fd", Form::number},
    {"fsconfig", 1, "cmd", Form::number},
    {"fsmount", 0, "fd", Form::number},
    {"fsmount", 1, "flags", Form::flags},
    {"fsmount", 2, "attributes", Form::flags},
    {"fsopen", 1, "flags", Form::flags},
    {"fspick", 0, "dirfd", Form::number},
    {"fspick", 2, "flags", Form::flags},
    {"io_uring_setup", 0, "entries", Form::number},
    {"keyctl", 0, "operation", Form::number},
    {"mount", 3, "flags", Form::wide_flags},
    {"mount_setattr", 0, "dirfd", Form::number},
    {"mount_setattr", 2, "flags", Form::flags},
    {"move_mount", 0, "from_dirfd", Form::number},
    {"move_mount", 2, "to_dirfd", Form::number},
    {"move_mount", 4, "flags", Form::flags},
    {"open_tree", 0, "dirfd", Form::number},
    {"open_tree", 2, "flags", Form::flags},
    {"perf_event_open", 1, "pid", Form::number},
    {"perf_event_open", 2, "cpu", Form::number},
    {"perf_event_open", 4, "flags", Form::wide_flags},
    {"ptrace", 0, "request", Form::number},
    {"ptrace", 1, "pid", Form::number},
    {"setns", 0, "fd", Form::number},
    {"setns", 1, "nstype", Form::flags},
    {"socket", 0, "domain", Form::number},
    {"socket", 1, "type", Form::flags},
    {"socket", 2, "protocol", Form::number},
    {"umount2", 1, "flags", Form::flags},
    {"unshare", 0, "flags", Form::flags},
    {"userfaultfd", 0, "flags", Form::flags},
};

std::string text_of(Form form, std::uint64_t value) {
  const auto low = static_cast<std::uint32_t>(value);
  switch (form) {
    case Form::number:
      return std::format("{}", static_cast<std::int32_t>(low));
    case Form::flags:
      return std::format("{:#x}", low);
    case Form::wide_flags:
      break;
  }
  return std::format("{:#x}", value);
}

template <class Number>
std::optional<Number> read_number(std::string_view text, int base) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number, base);
  if (read.ptr != end || read.ec != std::errc()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> value_of(Form form, std::string_view text) {
  if (form == Form::number) {
    const auto number = read_number<std::int32_t>(text, 10);
    if (!number) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
  }
  constexpr std::string_view kHex = "0x";
  if (!text.starts_with(kHex)) return std::nullopt;
  return read_number<std::uint64_t>(text.substr(kHex.size()), 16);
}

}  // namespace

std::vector<ShownArgument> shown_arguments(std::string_view call,
                                           const std::array<std::uint64_t, kArguments>& arguments) {
  std::vector<ShownArgument> shown;
  for (const Shown& row : kShown) {
    if (row.call != call) continue;
    shown.push_back({row.name, text_of(row.form, arguments.at(row.argument))});
  }
  return shown;
}

std::optional<Argument> read_shown(std::string_view call, std::string_view name,
                                   std::string_view value) {
  for (const Shown& row : kShown) {
    if (row.call != call || row.name != name) continue;
    const auto read = value_of(row.form, value);
    // Only one spelling: the one that is written.
    if (!read || text_of(row.form, *read) != value) return std::nullopt;
    return Argument{row.argument, *read};
  }
  return std::nullopt;
}

}  // namespace glovebox::seccomp
