#include "box/host.h"

namespace glovebox::box {

std::string_view to_string(Rung rung) {
  switch (rung) {
    case Rung::unprivileged:
      return "1: user namespaces of an ordinary user";
    case Rung::privileged:
      return "2: user namespaces made by root";
    case Rung::without_user_namespaces:
      return "3: root, without user namespaces";
  }
  return "unknown";
}

std::string_view to_string(CgroupMode mode) {
  switch (mode) {
    case CgroupMode::none:
      return "none";
    case CgroupMode::v1:
      return "v1";
    case CgroupMode::v2:
      return "v2";
    case CgroupMode::v2_bare:
      return "v2 without controllers";
  }
  return "unknown";
}

}  // namespace glovebox::box
