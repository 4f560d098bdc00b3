// HTTP/1.1 responses: any pieces of the same bytes give the same outcome, and what is taken keeps
// the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/http_reader.h"

namespace {

using namespace glovebox;
using namespace glovebox::net;

constexpr MessageLimits kLimits{ByteLimit{2048}, 16, ByteLimit{4096}};

struct Outcome {
  bool good = false;
  bool done = false;
  int status = 0;
  std::string body;
  std::size_t used = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome read_in_pieces(std::string_view bytes, std::size_t piece, Asked asked) {
  ResponseReader reader(kLimits, asked);
  Outcome out;
  while (!bytes.empty() && !reader.done()) {
    const std::string_view part = bytes.substr(0, piece);
    const auto used = reader.push(part);
    if (!used) return {};
    out.used += *used;
    out.body += reader.take_body();
    if (*used < part.size() && !reader.done()) std::abort();
    bytes.remove_prefix(part.size());
  }
  out.good = true;
  if (!reader.done()) out.done = reader.end().has_value();
  out.done = out.done || reader.done();
  if (reader.head() != nullptr) out.status = reader.head()->status;
  if (out.body.size() > kLimits.body.bytes()) std::abort();
  if (reader.head() != nullptr && reader.head()->fields.size() > kLimits.fields) std::abort();
  return out;
}

}  // namespace

bool fuzz_accepts(std::string_view bytes) {
  const Outcome out = read_in_pieces(bytes, bytes.size(), Asked::for_body);
  return out.good && out.done;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const Asked asked : {Asked::for_body, Asked::for_head}) {
    const Outcome whole = read_in_pieces(bytes, size, asked);
    for (const std::size_t piece : {1uz, 2uz, 7uz})
      if (read_in_pieces(bytes, piece, asked) != whole) std::abort();
  }
  return 0;
}
