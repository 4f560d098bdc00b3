// What one network, and one connection of it, may take of the egress role. Over a limit is refused
// and on record; other networks do not notice.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"

namespace glovebox::egress {

inline constexpr std::size_t kMostConnections = 1024;  // open at the same time
// To origins, in the modes that see requests: one of HTTP/2 from a box may take several.
inline constexpr std::size_t kMostOriginConnections = 2 * kMostConnections;
inline constexpr double kConnectionsPerSecond = 256;  // in the long run
inline constexpr double kConnectionBurst = 1024;
inline constexpr double kQueriesPerSecond = 500;  // of DNS
inline constexpr double kQueryBurst = 2000;
// Records of a network whose call is not named yet. It is named as soon as it runs: who gets that
// far has a network of which nobody says whose it is, and it ends.
inline constexpr std::size_t kMostHeld = 4096;
inline constexpr std::size_t kMostDnsStreams = 16;  // DNS over TCP, open at the same time

inline constexpr std::uint64_t kMostBytes = 1024 * kGiB;  // each way, in the life of a network

inline constexpr Duration kHelloTime = seconds(10);  // from the connection to a whole ClientHello
inline constexpr Duration kDialTime = seconds(30);   // to resolve, check and connect
inline constexpr Duration kDialOneAddress = seconds(10);
inline constexpr Duration kIdleTime = seconds(3600);  // without a byte either way
inline constexpr Duration kDnsIdle = seconds(10);     // of a DNS connection over TCP
inline constexpr Duration kRecordTime = seconds(30);  // until a record is durable

}  // namespace glovebox::egress
