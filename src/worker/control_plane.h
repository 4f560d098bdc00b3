// The control plane's API as typed calls over one HTTP client.
//
// A call returns the response whatever its status, after the retries that are its due; an Error
// means that there was no answer. The credential goes out in one header and nowhere else.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "codec/url.h"
#include "net/cancel.h"
#include "net/connector.h"
#include "net/http_client.h"
#include "net/http_types.h"
#include "net/loop.h"
#include "net/task.h"
#include "worker/api_error.h"
#include "worker/retry_rules.h"

namespace glovebox::worker {

struct ApiSettings {
  std::string version = "2026-10-21";  // anthropic-version
  std::string user_agent;
  Duration stream_silence = seconds(120);  // without a byte, an event stream counts as dead
};

// Whose credential a call carries. When the first one is refused with 401, the second is tried
// once, if there is one. The secrets stay their owner's and outlive the call.
struct Access {
  const Secret* first = nullptr;
  const Secret* second = nullptr;
};

// One heartbeat with its tries.
struct Beat {
  Result<net::Response> response;  // of the last try
  bool in_doubt = false;           // an earlier one got no answer, and may have been taken
};

class ControlPlane {
 public:
  // Everything referred to outlives the object and its calls.
  ControlPlane(net::Loop& loop, net::Connector& connector, codec::BaseUrl base,
               const ApiSettings& settings, Random& random);

  const codec::BaseUrl& base() const { return client_.base(); }

  // --- work of an environment ---------------------------------------------------------------
  net::Task<Result<net::Response>> poll(std::string environment, std::string worker_id,
                                        Access access, net::Patience patience);
  // One try.
  net::Task<Result<net::Response>> ack(std::string environment, std::string work, Access access,
                                       net::Patience patience);
  net::Task<Beat> heartbeat(std::string environment, std::string work, std::string expected,
                            Access access, net::Patience patience);
  // The environment's items, with the environment key. `page` empty: the first one.
  net::Task<Result<net::Response>> work_list(std::string environment, std::string page,
                                             Access access, net::Patience patience);
  // 409, already stopped, is an answer like any other.
  net::Task<Result<net::Response>> force_stop(std::string environment, std::string work,
                                              Access access, net::Patience patience);

  // --- one session --------------------------------------------------------------------------
  net::Task<Result<net::Response>> session(std::string id, Access access, net::Patience patience);
  // `page` empty: the first one. `limit`: how many events at most.
  net::Task<Result<net::Response>> events(std::string session, std::string page, std::size_t limit,
                                          Access access, net::Patience patience);
  // One try: results have a schedule of their own.
  net::Task<Result<net::Response>> send_events(std::string session, std::string body, Access access,
                                               net::Patience patience);
  // As soon as the head is there. One try.
  net::Task<Result<net::ResponseStream>> event_stream(std::string session, Access access,
                                                      net::Patience patience);

  // Without an event for so long, though pings come, a stream is not believed any more.
  Duration event_silence() const { return event_silence_; }
  // How long the answer asks to wait before the next try; zero: it does not say.
  Duration asked_wait(const net::Fields& fields) const;

 private:
  struct Call {
    std::string method, path, body;
    unsigned retries = 0;
    bool has_body = false;
    std::string worker_id;
    bool* in_doubt = nullptr;  // set when a try that is repeated may have been taken
  };
  net::Request request_of(const Call& call, const Secret* credential) const;
  net::Task<Result<net::Response>> send(Call call, Access access, net::Patience patience);

  net::Loop& loop_;
  Random& random_;
  std::string version_;
  Duration event_silence_;
  net::HttpClient client_;
};

ApiError api_error_of(const net::Response& response);

}  // namespace glovebox::worker
