// What a check of a log comes to. The value is the exit code of `audit verify`.
#pragma once

#include <string_view>

namespace glovebox::audit {

enum class Verdict {
  good = 0,
  changed = 1,     // something was altered, inserted, reordered or removed, or is signed wrongly
  incomplete = 2,  // nothing contradicts it, but it is not whole: cut, unsealed, or without a key
};

std::string_view to_string(Verdict verdict);

}  // namespace glovebox::audit
