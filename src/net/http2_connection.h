// An HTTP/2 connection over a ByteStream, either role: the shell around Http2Session.
//
// Two tasks of its own read and write; whoever serves a stream waits here. Flow control is by use:
// what receive() gives counts as used up when the next is asked for, and send() waits until its
// bytes have gone. A server closes an idle connection, and one whose peer is slow to end a head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/http2_session.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::net {

struct Http2Times {
  Duration idle = seconds(60);   // without a stream, of a server's peer: then an orderly end
  Duration head = seconds(10);   // from the first byte of a head to its last
  Duration write = seconds(60);  // of one write that the peer does not take
};

// What came on a stream: one head, or content, or trailers, or nothing but the end.
struct Http2Arrival {
  std::optional<Fields> head;
  Http2Stream::HeadSize head_size = Http2Stream::HeadSize::fits;
  std::string content;
  Fields trailers;
  Http2Ends ends = Http2Ends::no;  // nothing follows
};

// What a server is asked: a stream to be served, or a request whose stream was reset for it.
struct Http2Asked {
  enum class Form : std::uint8_t { whole, malformed };
  Form form = Form::whole;
  Http2StreamId stream = 0;
  std::string method;  // of one that is malformed
};

class Http2Connection : public std::enable_shared_from_this<Http2Connection> {
 public:
  // Begins on the next turn of the loop. Ends with close(), with its peer, or with `patience`'s
  // token. Kind internal: out of memory.
  static Result<std::shared_ptr<Http2Connection>> start(Loop& loop, StreamPtr stream,
                                                        Http2Role role, const Http2Limits& limits,
                                                        Http2Times times, const Patience& patience);
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  // Server: the next request; nullopt when no more will come.
  Task<std::optional<Http2Asked>> accept();
  // Client: see Http2Session.
  bool takes_requests() const { return !over_ && session_.takes_requests(); }
  Result<Http2StreamId> request(std::span<const Http2Field> head, Http2Ends ends);
  // Neither side has said that no more streams may be opened.
  bool is_alive() const { return !over_ && session_.is_alive(); }

  // One at a time for each stream. Kinds: closed (reset, or the connection ended, and everything
  // that came before was given), timeout and cancelled (nothing is lost: may be called again).
  Task<Result<Http2Arrival>> receive(Http2StreamId id, Patience patience);
  // Server. Kinds as Http2Session::answer().
  Result<void> answer(Http2StreamId id, std::span<const Http2Field> head, Http2Ends ends);
  // Until the bytes have gone, and the end. Kinds: closed, timeout, cancelled.
  Task<Result<void>> send(Http2StreamId id, std::string_view content, Http2Ends ends,
                          Patience patience);
  Task<Result<void>> send_trailers(Http2StreamId id, std::span<const Http2Field> trailers,
                                   Patience patience);
  // Until all that was given has gone.
  Task<Result<void>> sent(Http2StreamId id, Patience patience);
  void reset(Http2StreamId id, Http2Code code);
  // How it was closed early; nullopt: it was not.
  std::optional<Http2Code> reset_of(Http2StreamId id);
  // Cancelled when the stream is closed early, or with the connection.
  CancelToken token(Http2StreamId id);
  // The stream is served; nothing waits on it any more.
  void forget(Http2StreamId id);

  // No more streams; those that are open go on.
  void go_away();
  // Streams end at once; the peer is told that this was all.
  void close();
  // Until both of its tasks have ended.
  Task<void> ended();
  // Why it ended, if not orderly. Kinds: those of Http2Session::push(), timeout (a head).
  const std::optional<Error>& failure() const { return failure_; }

 private:
  struct Waiters {
    Waiters(Loop& loop, const CancelToken& parent) : arrived(loop), drained(loop), over(parent) {}
    Event arrived, drained;
    CancelSource over;
    std::size_t given = 0;  // content that is not used up yet
  };
  Http2Connection(Loop& loop, StreamPtr stream, Http2Role role, Http2Session session,
                  Http2Times times, const Patience& patience);
  static Task<void> read_all(std::shared_ptr<Http2Connection> self);
  static Task<void> write_all(std::shared_ptr<Http2Connection> self);
  Task<bool> may_read();
  Task<bool> read_some();
  Task<void> one_ended();
  std::optional<Duration> due() const;
  Http2Arrival take(Http2StreamId id, Http2Stream& stream);
  static bool has_something(const Http2Stream& stream);
  void tell();
  void end(std::optional<Error> failure);
  Waiters& waiters(Http2StreamId id);

  Loop& loop_;
  StreamPtr stream_;
  const Http2Role role_;
  Http2Session session_;
  const Http2Times times_;
  CancelToken parent_;
  CancelSource stop_;
  std::map<Http2StreamId, std::unique_ptr<Waiters>> waiters_;
  Event asked_, to_write_, written_, ended_;
  Duration quiet_since_;    // without a stream
  std::uint64_t head_ = 0;  // that is coming: its number
  Duration head_since_{};   // and since when
  std::optional<Error> failure_;
  bool over_ = false;    // no stream goes on
  bool broken_ = false;  // nothing can be read or written any more
  int running_ = 2;      // its tasks
};

}  // namespace glovebox::net
