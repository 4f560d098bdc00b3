// Programs: bytes -> the checks that the kernel would make -> the interpreter, which must then end
// with an answer to every call.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "seccomp/bpf.h"
#include "seccomp/table.h"

namespace {

using namespace glovebox::seccomp;

constexpr std::uint64_t kAll = ~std::uint64_t{0};

bool check(std::string_view bytes) {
  const auto program = from_bytes(bytes);
  if (!program) return false;
  if (to_bytes(*program) != bytes || disassemble(*program).empty()) std::abort();
  const bool good = check_program(*program).has_value();
  for (const std::uint32_t arch : {audit_number(Arch::x86_64), audit_number(Arch::aarch64), 0U}) {
    for (const std::uint32_t number : {0U, 1U, 59U, 1023U, kX32Bit, 0xFFFFFFFFU}) {
      for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1} << 32, kAll}) {
        Call call{.number = number, .arch = arch};
        call.arguments.fill(value);
        const auto returned = run(*program, call);
        if (good && !returned) std::abort();
        if (returned) (void)to_action(*returned);
      }
    }
  }
  return good;
}

}  // namespace

bool fuzz_accepts(std::string_view text) {
  return check(text);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({reinterpret_cast<const char*>(data), size});
  return 0;
}
