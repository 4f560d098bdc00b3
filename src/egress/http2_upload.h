// The body of one HTTP/2 request on its way to the origin, as a task of its own beside the answer.
//
// The task owns what it needs together with the exchange. It ends by itself, or by stop(); a client
// that breaks a budget calls off the wait for the answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "egress/http2_front.h"
#include "egress/http_refusal.h"
#include "egress/origin_exchange.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/http2_session.h"

namespace glovebox::egress {

class Http2Upload {
 public:
  enum class State : std::uint8_t {
    running,
    done,
    refused,      // by us: see refusal()
    client_gone,  // in the middle of the body
    origin_gone,  // takes no more, and may have answered
  };
  // Begins on the next turn of the loop. `traffic` outlives the task: wait for ended().
  static std::shared_ptr<Http2Upload> start(std::shared_ptr<Http2Front> front,
                                            net::Http2StreamId stream,
                                            std::shared_ptr<OriginExchange> origin,
                                            Traffic& traffic, const net::Patience& patience);

  State state() const { return state_; }
  // What is to be answered, if that is still possible.
  const std::optional<Refusal>& refusal() const { return refusal_; }
  void stop() { stop_.cancel(); }
  net::Task<void> ended();
  // For whoever waits for the answer: cancelled when the client fails.
  net::CancelToken answer_token() const { return answer_.token(); }

 private:
  Http2Upload(std::shared_ptr<Http2Front> front, net::Http2StreamId stream,
              std::shared_ptr<OriginExchange> origin, Traffic& traffic,
              const net::Patience& patience);
  static net::Task<void> run(std::shared_ptr<Http2Upload> self);
  net::Task<State> pump();
  net::Task<Result<net::Http2Arrival>> receive();
  State refuse(Refusal refusal);

  std::shared_ptr<Http2Front> front_;
  net::Http2StreamId stream_;
  std::shared_ptr<OriginExchange> origin_;
  Traffic& traffic_;
  net::CancelSource stop_, answer_;
  State state_ = State::running;
  std::optional<Refusal> refusal_;
  net::Event ended_;
};

}  // namespace glovebox::egress
