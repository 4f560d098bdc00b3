// The way from the client to the origin, as a task of its own beside the answer: the body of a
// request, or what a WebSocket carries.
//
// The task owns what it needs together with the relay. It ends by itself, or by stop(); a client
// that breaks the grammar or a budget calls off the wait for the answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "egress/http_refusal.h"
#include "egress/relay_ends.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/http_head.h"

namespace glovebox::egress {

class Upload {
 public:
  enum class State : std::uint8_t {
    running,
    done,
    refused,      // by us: see refusal()
    client_gone,  // in the middle of the body
    origin_gone,  // takes no more, and may have answered
    stopped,
  };

  // Begins on the next turn of the loop. `framing` is the body's; until_end is a tunnel: bytes as
  // they are, and the end passed on.
  static std::shared_ptr<Upload> start(std::shared_ptr<RelayEnds> ends, net::Framing framing,
                                       const net::Patience& patience);

  State state() const { return state_; }
  // What is to be answered, if that is still possible.
  const std::optional<Refusal>& refusal() const { return refusal_; }
  // Calls it off.
  void stop() { stop_.cancel(); }
  // Until it has ended.
  net::Task<void> ended();

  // For whoever waits for the answer: cancelled when the client fails.
  net::CancelToken answer_token() const { return answer_.token(); }

 private:
  Upload(std::shared_ptr<RelayEnds> ends, net::Framing framing, const net::Patience& patience);
  static net::Task<void> run(std::shared_ptr<Upload> self);
  net::Task<State> pump();
  net::Task<Result<void>> forward(std::string_view content);
  net::Task<State> finish();
  State by_client(const Error& error);
  bool is_tunnel() const { return framing_.kind == net::Framing::Kind::until_end; }

  std::shared_ptr<RelayEnds> ends_;
  net::Framing framing_;
  net::CancelSource stop_;
  net::CancelSource answer_;
  net::Patience patience_;
  State state_ = State::running;
  std::optional<Refusal> refusal_;
  net::Event ended_;
};

}  // namespace glovebox::egress
