// HTTP/2 between a box and one origin, stream by stream: mode `inspect`, where the client offered
// it.
//
// What holds for a request of HTTP/1.1 (http_relay.h) holds for each stream: its head is admitted,
// judged and written anew, its body streams with flow control both ways, its end is on record. The
// origin is spoken to in HTTP/2 if it agrees, with trailers, else in HTTP/1.1 without. A stream
// that either side calls off is called off on the other.
//
// Not passed on: CONNECT and WebSockets in HTTP/2 (RFC 8441), pushes, priorities, interim answers
// but 100.
#pragma once

#include "base/result.h"
#include "egress/http_site.h"
#include "egress/relay_ends.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::egress {

// Serves the client until it or the relay ends the connection; `limits` are of all its streams, the
// silences of each. What goes wrong between the two peers is answered and noted, not returned. Loop
// and site outlive the task. Kinds: cancelled (from `patience`), internal (no memory).
net::Task<Result<void>> relay_http2(net::Loop& loop, net::StreamPtr client, HttpSite& site,
                                    HttpRelayLimits limits, net::Patience patience);

}  // namespace glovebox::egress
