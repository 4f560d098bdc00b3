#include "cli/config_check.h"

#include <string>

#include "cli/configuration.h"
#include "cli/message.h"
#include "roles/file_opener.h"
#include "roles/trusted_file.h"

namespace glovebox::cli {

ExitCode run_config_check(const ConfigCheckOptions& options) {
  const auto text = roles::read_trusted_file(options.config, roles::FileOpener());
  if (!text)
    return fail(text.error().kind() == ErrorKind::not_found ? ExitCode::unconfigured
                                                            : ExitCode::invalid_file,
                options.config + ": " + text.error().message());
  const LoadedConfiguration loaded = load_configuration(options.config, *text);
  if (!loaded.configuration) return fail(ExitCode::invalid_file, to_text(loaded, *text));
  print_out(options.config + ": good\n");
  return ExitCode::done;
}

}  // namespace glovebox::cli
