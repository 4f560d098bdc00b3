// The form of events that clients may post, before a session looks at their meaning.
#pragma once

#include <cstddef>

#include "codec/json.h"
#include "plane/message.h"

namespace glovebox::plane {

constexpr std::size_t kMaxPostedEvents = 100;

// The array `events` of a send request: 1 to kMaxPostedEvents objects, each of a type that clients
// may post and with the fields of that type. Empty text blocks and unknown block types are
// refused, as the service does. Errors: 400 naming the place: `events[0].content[1].text`.
Answer<codec::JsonArray> check_posted_events(const codec::Json& body);

// The same for `initial_events` of a session: none to 50, messages and outcomes only.
Answer<codec::JsonArray> check_initial_events(const codec::Json& body);

}  // namespace glovebox::plane
