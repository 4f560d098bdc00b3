// Seccomp profiles of container engines: bytes -> draft of a filter, which has to be one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "seccomp/filter.h"
#include "seccomp/floor.h"
#include "seccomp/import_oci.h"
#include "seccomp/parse.h"

namespace {

using namespace glovebox;

bool check(std::string_view json) {
  const auto text = seccomp::import_oci(json);
  if (!text) {
    // A draft that is no filter, or is not proved, is a bug.
    if (text.error().kind() == ErrorKind::internal || text.error().message().empty()) std::abort();
    return false;
  }
  const auto table = seccomp::parse("draft.policy", *text, seccomp::builtin_set);
  if (!table || !seccomp::check_floor(*table).empty()) std::abort();
  return true;
}

}  // namespace

bool fuzz_accepts(std::string_view text) {
  return check(text);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({reinterpret_cast<const char*>(data), size});
  return 0;
}
