#include "cli/show.h"

#include <format>
#include <string>

#include "base/exit_code.h"
#include "cli/message.h"
#include "os/file.h"
#include "policy/builtin.h"
#include "roles/policy_source.h"
#include "seccomp/filter.h"

namespace glovebox::cli {

namespace {
constexpr std::uint64_t kMaxFilterText = 1 << 20;
}  // namespace

int run_policy_show(const PolicyShowOptions& options) {
  const auto text = roles::is_builtin(options.name)
                        ? policy::builtin(roles::builtin_name(options.name))
                        : std::nullopt;
  if (!text) {
    std::string names;
    for (std::string_view name : policy::builtin_names())
      names += std::format("{}builtin:{}", names.empty() ? "" : ", ", name);
    return to_int(fail(ExitCode::invalid_file,
                       std::format("no shipped policy `{}`\nhint: {}", options.name, names)));
  }
  print_out(*text);
  return to_int(ExitCode::done);
}

int run_seccomp_show(const SeccompShowOptions& options) {
  const std::string name = roles::is_builtin(options.name)
                               ? std::string(roles::builtin_name(options.name))
                               : options.name;
  const auto shown = [&]() -> Result<seccomp::FilterText> {
    auto proved = seccomp::prove_builtin(name);
    if (!proved)
      proved = seccomp::prove_text(name, TRY(os::read_file(name, kMaxFilterText)),
                                   seccomp::FilterUser::tool);
    if (!*proved) return Error(ErrorKind::invalid, seccomp::to_text(proved->error()));
    return seccomp::to_text(**proved);
  }();
  if (!shown)
    return to_int(fail(ExitCode::invalid_file, Error(shown.error()).with_context(name).message()));
  print_out(shown->table);
  print_out("\n" + shown->program);
  return to_int(ExitCode::done);
}

}  // namespace glovebox::cli
