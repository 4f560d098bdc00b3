#include "plane/trace.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace glovebox::plane {
namespace {

constexpr std::string_view kTracedHeaders[] = {"accept",
                                               "anthropic-beta",
                                               "anthropic-version",
                                               "anthropic-worker-id",
                                               "anthropic-workspace-id",
                                               "content-type",
                                               "user-agent",
                                               "x-stainless-helper",
                                               "x-stainless-retry-count"};

codec::Json traced_body(const std::string& body) {
  if (body.empty()) return {};
  if (body.size() > kMaxTracedBody) return body.substr(0, kMaxTracedBody);
  Result<codec::Json> json = codec::parse_json(body);
  return json ? *std::move(json) : codec::Json(body);
}

}  // namespace

void Trace::record(const Request& request, std::string_view route, std::string_view credential,
                   int status, std::string_view fault) {
  codec::JsonArray query;
  for (const codec::QueryPair& pair : request.query)
    query.push_back(codec::Json::array({pair.name, pair.value}));
  codec::JsonObject headers;
  for (const std::string_view name : kTracedHeaders)
    if (const std::string* value = request.header(name)) headers.set(std::string(name), *value);
  const std::size_t body_bytes = std::min(request.body.size(), kMaxTracedBody);
  body_bytes_ += body_bytes;
  entries_.push_back(
      {++last_number_, body_bytes,
       codec::Json::object({{"number", static_cast<std::int64_t>(last_number_)},
                            {"at", to_rfc3339(clock_.wall())},
                            {"route", route},
                            {"method", request.method},
                            {"path", request.path},
                            {"query", std::move(query)},
                            {"headers", std::move(headers)},
                            {"body", traced_body(request.body)},
                            {"credential", credential},
                            {"status", status},
                            {"fault", fault.empty() ? codec::Json() : codec::Json(fault)}})});
  while (entries_.size() > kMaxTraceEntries || body_bytes_ > kMaxTracedBytes) {
    body_bytes_ -= entries_.front().body_bytes;
    entries_.pop_front();
  }
}

void Trace::clear() {
  entries_.clear();
  body_bytes_ = 0;
}

codec::Json Trace::report(std::uint64_t after) const {
  codec::JsonArray entries;
  for (const Entry& entry : entries_)
    if (entry.number > after) entries.push_back(entry.json);
  return codec::Json(std::move(entries));
}

}  // namespace glovebox::plane
