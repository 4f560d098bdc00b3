#include "base/exit_code.h"
#include "cli/message.h"
#include "cli/policy_check.h"
#include "codec/json.h"
#include "policy/schema.h"

namespace glovebox::cli {

int run_policy_schema() {
  print_out(codec::to_json_pretty(policy::schema()) + "\n");
  return to_int(ExitCode::done);
}

}  // namespace glovebox::cli
