#include "egress/http_refusal.h"

namespace glovebox::egress {

Refusal refusal_by_open(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::timeout:
      return {504, "the origin did not answer in time"};
    case ErrorKind::cancelled:
      return {0, "the connection was called off"};
    case ErrorKind::invalid:
      return {502, "the origin's certificate does not hold"};
    case ErrorKind::denied:
      return {502, "the origin's address is not allowed"};
    case ErrorKind::closed:
      return {502, "the origin refused the connection"};
    case ErrorKind::not_found:
      return {502, "the origin has no address"};
    case ErrorKind::protocol:
      return {502, "the origin does not speak the protocol"};
    default:
      return {502, "the origin could not be reached"};
  }
}

}  // namespace glovebox::egress
