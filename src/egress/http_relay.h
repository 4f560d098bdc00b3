// HTTP/1.1 between a box and one origin, request by request: the modes `http` and `inspect`.
//
// Every request head is admitted, judged and written anew; every answer is read and written anew;
// bodies are framed anew and stream through one read's worth of memory, both ways at once. One
// decision for each request, also of those that were sent ahead; answers in their order. The
// connection to the origin is kept for the next request of the same client and for nobody else.
//
// Does not follow redirects, cache, compress or retry, but for one thing: an idempotent request
// without a body whose kept connection turns out to be dead is sent on a new one.
#pragma once

#include "base/result.h"
#include "egress/http_site.h"
#include "egress/relay_ends.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::egress {

// Serves the client until it or the relay ends the connection. What goes wrong between the two
// peers is answered and noted, not returned. Loop and site outlive the task.
// Kinds: cancelled, timeout (both only from `patience`).
net::Task<Result<void>> relay_http(net::Loop& loop, net::StreamPtr client, HttpSite& site,
                                   HttpRelayLimits limits, net::Patience patience);

}  // namespace glovebox::egress
