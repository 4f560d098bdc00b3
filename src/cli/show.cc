#include "cli/show.h"

#include <format>
#include <string>

#include "base/exit_code.h"
#include "cli/message.h"
#include "policy/builtin.h"
#include "roles/policy_source.h"

namespace glovebox::cli {

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

}  // namespace glovebox::cli
