#include "audit/verdict.h"

namespace glovebox::audit {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "good";
    case Verdict::changed:
      return "changed";
    case Verdict::incomplete:
      return "incomplete";
  }
  return "incomplete";
}

}  // namespace glovebox::audit
