// HTTP/2 from a peer, as server and as client: any pieces of the same bytes give the same streams,
// and what is held keeps the limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/http2_session.h"

namespace {

using namespace glovebox;
using namespace glovebox::net;

constexpr Http2Limits kLimits{.streams = 8,
                              .head = ByteLimit{2048},
                              .fields = 16,
                              .stream_window = 4096,
                              .connection_window = 65'535,
                              .memory = ByteLimit{1 * kMiB}};
constexpr Http2StreamId kLastStream = 32;

void check(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  bool failed = false;
  std::size_t malformed = 0;
  std::vector<Http2StreamId> asked;
  std::string streams;  // everything that came on them
  bool operator==(const Outcome&) const = default;
};

void add_fields(std::string& out, const Fields& fields) {
  for (const auto& [name, value] : fields) out += name + "=" + value + "\n";
}

void add_stream(std::string& out, const Http2Stream& stream) {
  for (const Fields& head : stream.heads) {
    check(head.size() <= kLimits.fields);
    add_fields(out, head);
  }
  check(stream.heads.size() <= kMaxHeadsWaiting + 1);
  check(stream.body.size() <= kLimits.connection_window);
  // How much of what breaks a stream had come before it broke is for the pieces to say.
  if (stream.reset) {
    out += "reset\n";
    return;
  }
  out += stream.body;
  if (stream.trailers) add_fields(out, *stream.trailers);
  out += stream.ended == Http2Ends::yes ? "ended\n" : "open\n";
}

Outcome read_in_pieces(Http2Role role, std::string_view bytes, std::size_t piece) {
  auto made = Http2Session::make(role, kLimits);
  check(made.has_value());
  Http2Session& session = *made;
  if (role == Http2Role::client) {
    const Http2Field head[] = {
        {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    check(session.request(head, Http2Ends::yes).has_value());
    (void)session.pull(1 << 20);
  }
  for (; !bytes.empty() && !session.failure(); bytes.remove_prefix(std::min(piece, bytes.size())))
    (void)session.push(bytes.substr(0, piece), seconds(1));
  while (!session.pull(1 << 20).empty()) {
  }
  Outcome out;
  out.failed = session.failure().has_value();
  while (session.next_malformed()) ++out.malformed;
  while (const auto id = session.next_request()) out.asked.push_back(*id);
  for (Http2StreamId id = 1; id < kLastStream; id += 2)
    if (const Http2Stream* stream = session.find(id)) add_stream(out.streams, *stream);
  return out;
}

}  // namespace

// Somebody asks, and nothing is wrong.
bool fuzz_accepts(std::string_view bytes) {
  const Outcome out = read_in_pieces(Http2Role::server, bytes, bytes.size());
  return !out.failed && out.malformed == 0 && !out.asked.empty();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const Http2Role role : {Http2Role::server, Http2Role::client}) {
    const Outcome whole = read_in_pieces(role, bytes, size);
    for (const std::size_t piece : {1uz, 7uz}) check(read_in_pieces(role, bytes, piece) == whole);
  }
  return 0;
}
