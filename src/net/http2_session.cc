#include "net/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <utility>

#include "net/http2_memory.h"
#include "net/http2_options.h"
#include "net/rate.h"

namespace glovebox::net {

namespace {

constexpr std::size_t kMaxKeptMethod = 32;
constexpr std::size_t kFieldOverhead = 32;
constexpr std::size_t kLargestFrame = 16 * kKiB + 9;

// A stream with what is on its way through.
struct Entry {
  enum class Finish : std::uint8_t { no, end, trailers };
  Http2Stream seen;
  Fields coming;  // a head or trailers, in the middle
  std::size_t coming_size = 0;
  bool has_head = false;  // one is complete
  bool began = false;     // we sent, or submitted, our head
  std::string out;
  std::size_t out_at = 0;
  Finish finish = Finish::no;
  bool finished = false;  // our side has said everything
  bool waits = false;     // nghttp2 waits for more of `out`
  Fields out_trailers;
};

std::vector<nghttp2_nv> to_library(std::span<const Http2Field> fields) {
  std::vector<nghttp2_nv> out;
  out.reserve(fields.size());
  for (const Http2Field& field : fields)
    out.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.name.data())),
                   reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.value.data())),
                   field.name.size(), field.value.size(),
                   field.indexed == Http2Field::Indexed::never
                       ? std::uint8_t{NGHTTP2_NV_FLAG_NO_INDEX}
                       : std::uint8_t{NGHTTP2_NV_FLAG_NONE}});
  return out;
}

std::string_view text_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

Error too_much() {
  return Error(ErrorKind::limit, "HTTP/2: the peer asks for more than it may");
}
Error broken() {
  return Error(ErrorKind::protocol, "HTTP/2: the peer breaks the protocol");
}

}  // namespace

struct Http2Session::State {
  State(Http2Role of, const Http2Limits& with) : role(of), limits(with), memory(with.memory) {}
  ~State() { nghttp2_session_del(session); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool start();
  Entry* find(Http2StreamId id) {
    const auto at = streams.find(id);
    return at == streams.end() ? nullptr : &at->second;
  }
  // Null: nothing can be sent on it any more.
  Entry* open(Http2StreamId id) {
    Entry* entry = failure ? nullptr : find(id);
    return entry != nullptr && entry->seen.state == Http2Stream::State::open ? entry : nullptr;
  }
  void changed(Http2StreamId id) {
    if (!std::ranges::contains(changes, id)) changes.push_back(id);
  }
  int give_up(Error error, Http2Code code);
  int flood() { return give_up(too_much(), Http2Code::enhance_your_calm); }
  void fail_by(ssize_t error);
  void close_all();
  Result<void> checked(int result);

  // What nghttp2 calls. Other results than 0 end the session.
  int begin_frame(const nghttp2_frame_hd& head);
  int begin_head(const nghttp2_frame& frame);
  void take_field(Http2StreamId id, std::string_view name, std::string_view value);
  int take_frame(const nghttp2_frame& frame);
  int take_head(const nghttp2_frame& frame);
  int take_content(Http2StreamId id, std::string_view content);
  int take_close(Http2StreamId id, std::uint32_t code);
  int note_sent(const nghttp2_frame& frame);
  int quiet_frame();
  ssize_t give_content(Http2StreamId id, std::span<std::uint8_t> out, std::uint32_t& flags);

  const Http2Role role;
  const Http2Limits limits;
  Http2Memory memory;
  nghttp2_session* session = nullptr;
  std::map<Http2StreamId, Entry> streams;
  std::deque<Http2StreamId> requests;
  std::deque<Http2Malformed> malformed;
  std::vector<Http2StreamId> changes;
  std::optional<Error> failure;
  std::optional<Http2Code> farewell;  // still to be said
  Http2StreamId last_opened = 0;      // by the peer
  bool in_head = false;
  std::uint64_t heads = 0;        // begun
  std::size_t continuations = 0;  // of the last
  bool carried = false;           // something, since the last frame that carried nothing
  Duration now{};
  Rate resets{kResetsPerSecond, kResetBurst};
  Rate quiet{kQuietPerSecond, kQuietBurst};
  Rate windows{kWindowsPerSecond, kWindowBurst};
};

namespace {

template <class T>
T& as(void* state) {
  return *static_cast<T*>(state);
}

// `S` is the state of a session, whose name is private.
template <class S>
void set_callbacks(nghttp2_session_callbacks* to) {
  using Session = nghttp2_session;
  using Frame = nghttp2_frame;
  nghttp2_session_callbacks_set_on_begin_frame_callback(
      to, [](Session*, const nghttp2_frame_hd* head, void* state) {
        return as<S>(state).begin_frame(*head);
      });
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      to,
      [](Session*, const Frame* frame, void* state) { return as<S>(state).begin_head(*frame); });
  nghttp2_session_callbacks_set_on_header_callback2(
      to, [](Session*, const Frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value, std::uint8_t,
             void* state) {
        as<S>(state).take_field(frame->hd.stream_id, text_of(name), text_of(value));
        return 0;
      });
  // A field that nghttp2 would pass over makes the head malformed.
  nghttp2_session_callbacks_set_on_invalid_header_callback2(
      to, [](Session*, const Frame*, nghttp2_rcbuf*, nghttp2_rcbuf*, std::uint8_t, void*) {
        return int{NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE};
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      to,
      [](Session*, const Frame* frame, void* state) { return as<S>(state).take_frame(*frame); });
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
      to, [](Session*, const Frame*, int, void* state) {
        as<S>(state).in_head = false;
        return as<S>(state).quiet_frame();
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      to, [](Session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size,
             void* state) {
        return as<S>(state).take_content(id, {reinterpret_cast<const char*>(bytes), size});
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      to, [](Session*, std::int32_t id, std::uint32_t code, void* state) {
        return as<S>(state).take_close(id, code);
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      to, [](Session*, const Frame* frame, void* state) { return as<S>(state).note_sent(*frame); });
}

template <class T>
std::unique_ptr<T, void (*)(T*)> hold(T* made, void (*destroy)(T*)) {
  return {made, destroy};
}

}  // namespace

bool Http2Session::State::start() {
  nghttp2_session_callbacks* raw_callbacks = nullptr;
  nghttp2_option* raw_option = nullptr;
  if (nghttp2_session_callbacks_new(&raw_callbacks) != 0) return false;
  const auto callbacks = hold(raw_callbacks, nghttp2_session_callbacks_del);
  if (nghttp2_option_new(&raw_option) != 0) return false;
  const auto option = hold(raw_option, nghttp2_option_del);
  set_callbacks<State>(callbacks.get());
  set_http2_options(option.get(), limits);
  nghttp2_mem hooks{&memory, Http2Memory::allocate, Http2Memory::release,
                    Http2Memory::allocate_zeroed, Http2Memory::reallocate};
  const int made =
      role == Http2Role::server
          ? nghttp2_session_server_new3(&session, callbacks.get(), this, option.get(), &hooks)
          : nghttp2_session_client_new3(&session, callbacks.get(), this, option.get(), &hooks);
  if (made != 0) return false;
  return begin_http2(session, role, limits);
}

int Http2Session::State::give_up(Error error, Http2Code code) {
  if (!failure) {
    failure = std::move(error);
    farewell = code;
  }
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

void Http2Session::State::fail_by(ssize_t error) {
  switch (error) {
    case NGHTTP2_ERR_FLOODED:
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      flood();
      break;
    case NGHTTP2_ERR_NOMEM:
      give_up(Error(ErrorKind::limit, "HTTP/2: the connection needs more memory than it may have"),
              Http2Code::enhance_your_calm);
      break;
    default:
      give_up(broken(), Http2Code::protocol_error);
  }
}

// Whoever waits on a stream learns that nothing more comes.
void Http2Session::State::close_all() {
  for (auto& [id, entry] : streams) {
    if (entry.seen.state == Http2Stream::State::closed) continue;
    entry.seen.state = Http2Stream::State::closed;
    entry.seen.reset = Http2Code::internal_error;
    changed(id);
  }
}

Result<void> Http2Session::State::checked(int result) {
  if (result == 0) return {};
  if (result == NGHTTP2_ERR_NOMEM) {
    fail_by(result);
    close_all();
    return *failure;
  }
  return Error(ErrorKind::closed, "HTTP/2: the stream is not open");
}

int Http2Session::State::quiet_frame() {
  if (std::exchange(carried, false)) return 0;
  return quiet.take(now) ? 0 : flood();
}

int Http2Session::State::begin_frame(const nghttp2_frame_hd& head) {
  if (head.type != NGHTTP2_CONTINUATION) in_head = false;
  switch (head.type) {
    case NGHTTP2_HEADERS:
      continuations = 0;
      // Another than one that opens a stream, or is of an open one, is passed over.
      return open(head.stream_id) != nullptr || head.stream_id > last_opened ? 0 : quiet_frame();
    case NGHTTP2_CONTINUATION:
      return ++continuations <= kMaxContinuations ? 0 : flood();
    case NGHTTP2_DATA:
      return 0;
    case NGHTTP2_RST_STREAM:  // of an open one: counted when that is closed
      return open(head.stream_id) != nullptr || resets.take(now) ? 0 : flood();
    case NGHTTP2_WINDOW_UPDATE:
      return windows.take(now) ? 0 : flood();
    default:
      return quiet_frame();
  }
}

int Http2Session::State::begin_head(const nghttp2_frame& frame) {
  const Http2StreamId id = frame.hd.stream_id;
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    ++heads;
    in_head = true;
    streams.try_emplace(id);
    last_opened = std::max(last_opened, id);
  }
  if (Entry* entry = find(id)) {
    entry->coming = {};
    entry->coming_size = 0;
  }
  return 0;
}

void Http2Session::State::take_field(Http2StreamId id, std::string_view name,
                                     std::string_view value) {
  Entry* entry = find(id);
  if (entry == nullptr) return;
  entry->coming_size += name.size() + value.size() + kFieldOverhead;
  if (entry->coming_size > limits.head.bytes() || entry->coming.size() == limits.fields)
    entry->seen.head_size = Http2Stream::HeadSize::too_large;
  if (entry->seen.head_size == Http2Stream::HeadSize::fits)
    entry->coming.add(std::string(name), std::string(value));
}

int Http2Session::State::take_frame(const nghttp2_frame& frame) {
  Entry* entry = find(frame.hd.stream_id);
  if (frame.hd.type == NGHTTP2_HEADERS) {
    in_head = false;
    return entry == nullptr ? 0 : take_head(frame);
  }
  if (frame.hd.type != NGHTTP2_DATA || entry == nullptr) return 0;
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    entry->seen.ended = Http2Ends::yes;
    changed(frame.hd.stream_id);
    return 0;
  }
  return frame.hd.length == frame.data.padlen ? quiet_frame() : 0;
}

int Http2Session::State::take_head(const nghttp2_frame& frame) {
  const Http2StreamId id = frame.hd.stream_id;
  Entry& entry = streams.at(id);
  const bool is_head = frame.headers.cat == NGHTTP2_HCAT_REQUEST ||
                       frame.headers.cat == NGHTTP2_HCAT_RESPONSE ||
                       entry.coming.find(":status").has_value();
  if (is_head)
    entry.seen.heads.push_back(std::exchange(entry.coming, {}));
  else
    entry.seen.trailers = std::exchange(entry.coming, {});
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    entry.has_head = true;
    requests.push_back(id);
  }
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) entry.seen.ended = Http2Ends::yes;
  carried = true;
  changed(id);
  if (entry.seen.heads.size() <= kMaxHeadsWaiting) return 0;
  return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_ENHANCE_YOUR_CALM);
}

int Http2Session::State::take_content(Http2StreamId id, std::string_view content) {
  Entry* entry = open(id);
  carried = carried || !content.empty();
  if (entry == nullptr) return nghttp2_session_consume(session, id, content.size());
  entry->seen.body += content;
  changed(id);
  return 0;
}

int Http2Session::State::take_close(Http2StreamId id, std::uint32_t code) {
  Entry* entry = find(id);
  if (entry == nullptr) return 0;
  const bool answered = entry->finished;
  entry->seen.state = Http2Stream::State::closed;
  entry->out = std::string();
  entry->out_at = 0;
  if (role == Http2Role::server && !entry->has_head) {
    const auto method = entry->coming.find(":method").value_or("");
    malformed.push_back({std::string(method.substr(0, kMaxKeptMethod))});
    streams.erase(id);
  } else {
    if (!answered || entry->seen.ended == Http2Ends::no)
      entry->seen.reset = static_cast<Http2Code>(code);
    changed(id);
  }
  if (role == Http2Role::server && code != NGHTTP2_NO_ERROR && !answered && !resets.take(now))
    return flood();
  return 0;
}

int Http2Session::State::note_sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR && !failure)
    failure = frame.goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM ? too_much() : broken();
  if (frame.hd.type != NGHTTP2_DATA && frame.hd.type != NGHTTP2_HEADERS) return 0;
  carried = true;
  Entry* entry = find(frame.hd.stream_id);
  if (entry == nullptr) return 0;
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) entry->finished = true;
  changed(frame.hd.stream_id);
  return 0;
}

ssize_t Http2Session::State::give_content(Http2StreamId id, std::span<std::uint8_t> out,
                                          std::uint32_t& flags) {
  Entry* entry = find(id);
  if (entry == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const std::size_t left = entry->out.size() - entry->out_at;
  entry->waits = left == 0 && entry->finish == Entry::Finish::no;
  if (entry->waits) return NGHTTP2_ERR_DEFERRED;
  const std::size_t count = std::min(left, out.size());
  std::memcpy(out.data(), entry->out.data() + entry->out_at, count);
  entry->out_at += count;
  if (count == left) {
    entry->out = std::string();
    entry->out_at = 0;
    if (entry->finish != Entry::Finish::no) flags |= NGHTTP2_DATA_FLAG_EOF;
    if (entry->finish == Entry::Finish::trailers) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      std::vector<Http2Field> fields;
      for (const auto& [name, value] : entry->out_trailers) fields.push_back({name, value});
      const auto list = to_library(fields);
      if (nghttp2_submit_trailer(session, id, list.data(), list.size()) != 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
  }
  return static_cast<ssize_t>(count);
}

Http2Session::Http2Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Http2Session::~Http2Session() = default;
Http2Session::Http2Session(Http2Session&&) noexcept = default;
Http2Session& Http2Session::operator=(Http2Session&&) noexcept = default;

Result<Http2Session> Http2Session::make(Http2Role role, const Http2Limits& limits) {
  auto state = std::make_unique<State>(role, limits);
  if (!state->start()) return Error(ErrorKind::internal, "HTTP/2: out of memory");
  return Http2Session(std::move(state));
}

Result<void> Http2Session::push(std::string_view in, Duration now) {
  State& state = *state_;
  state.now = now;
  if (!state.failure) {
    const ssize_t taken = nghttp2_session_mem_recv(
        state.session, reinterpret_cast<const std::uint8_t*>(in.data()), in.size());
    if (taken < 0) state.fail_by(taken);
  }
  if (!state.failure) return {};
  state.close_all();
  return *state.failure;
}

std::string Http2Session::pull(std::size_t about) {
  State& state = *state_;
  std::string out;
  while (!state.failure && out.size() < about) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(state.session, &bytes);
    if (size < 0) state.fail_by(size);
    if (size <= 0) break;
    // A string that grows would leave copies of a credential behind.
    if (out.empty() && state.role == Http2Role::client) out.reserve(about + kLargestFrame);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  if (!state.failure) return out;
  state.close_all();
  if (const auto code = std::exchange(state.farewell, std::nullopt))
    out += http2_goodbye(static_cast<std::uint32_t>(state.last_opened), *code);
  return out;
}

const std::optional<Error>& Http2Session::failure() const {
  return state_->failure;
}

bool Http2Session::is_over() const {
  if (state_->failure) return !state_->farewell;
  return nghttp2_session_want_read(state_->session) == 0 &&
         nghttp2_session_want_write(state_->session) == 0;
}

std::optional<std::uint64_t> Http2Session::open_head() const {
  return state_->in_head ? std::optional(state_->heads) : std::nullopt;
}

std::size_t Http2Session::queued() const {
  return nghttp2_session_get_outbound_queue_size(state_->session);
}

std::optional<Http2StreamId> Http2Session::next_request() {
  if (state_->requests.empty()) return std::nullopt;
  const Http2StreamId id = state_->requests.front();
  state_->requests.pop_front();
  return id;
}

std::optional<Http2Malformed> Http2Session::next_malformed() {
  if (state_->malformed.empty()) return std::nullopt;
  Http2Malformed first = std::move(state_->malformed.front());
  state_->malformed.pop_front();
  return first;
}

std::vector<Http2StreamId> Http2Session::take_changed() {
  return std::exchange(state_->changes, {});
}

Http2Stream* Http2Session::find(Http2StreamId id) {
  Entry* entry = state_->find(id);
  return entry == nullptr ? nullptr : &entry->seen;
}

std::size_t Http2Session::streams() const {
  return state_->streams.size();
}

void Http2Session::consume(Http2StreamId id, std::size_t count) {
  if (!state_->failure && count > 0) (void)nghttp2_session_consume(state_->session, id, count);
}

void Http2Session::forget(Http2StreamId id) {
  Entry* entry = state_->find(id);
  if (entry == nullptr) return;
  consume(id, entry->seen.body.size());
  if (entry->seen.state == Http2Stream::State::open) reset(id, Http2Code::cancel);
  state_->streams.erase(id);
}

bool Http2Session::is_alive() const {
  return !state_->failure && nghttp2_session_check_request_allowed(state_->session) != 0;
}

bool Http2Session::takes_requests() const {
  if (!is_alive()) return false;
  const auto open = std::ranges::count_if(state_->streams, [](const auto& entry) {
    return entry.second.seen.state == Http2Stream::State::open;
  });
  const std::uint32_t allowed =
      nghttp2_session_get_remote_settings(state_->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return static_cast<std::uint32_t>(open) < std::min(allowed, state_->limits.streams);
}

namespace {

template <class S>
nghttp2_data_provider provider() {
  nghttp2_data_provider out{};
  out.read_callback = [](nghttp2_session*, std::int32_t id, std::uint8_t* bytes, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source*, void* state) {
    return as<S>(state).give_content(id, {bytes, size}, *flags);
  };
  return out;
}

}  // namespace

Result<Http2StreamId> Http2Session::request(std::span<const Http2Field> head, Http2Ends ends) {
  if (!takes_requests()) return Error(ErrorKind::closed, "HTTP/2: no request can be begun");
  const auto list = to_library(head);
  const nghttp2_data_provider content = provider<State>();
  const std::int32_t id =
      nghttp2_submit_request(state_->session, nullptr, list.data(), list.size(),
                             ends == Http2Ends::yes ? nullptr : &content, nullptr);
  if (id < 0) TRY(state_->checked(id));
  Entry& entry = state_->streams[id];
  entry.began = true;
  if (ends == Http2Ends::yes) entry.finish = Entry::Finish::end;
  return id;
}

Result<void> Http2Session::answer(Http2StreamId id, std::span<const Http2Field> head,
                                  Http2Ends ends) {
  Entry* entry = state_->open(id);
  if (entry == nullptr || entry->began) return state_->checked(NGHTTP2_ERR_STREAM_CLOSED);
  const auto list = to_library(head);
  const bool interim = !head.empty() && head.front().value.starts_with('1');
  if (interim)
    return state_->checked(
        std::min(0, nghttp2_submit_headers(state_->session, NGHTTP2_FLAG_NONE, id, nullptr,
                                           list.data(), list.size(), nullptr)));
  const nghttp2_data_provider content = provider<State>();
  TRY(state_->checked(nghttp2_submit_response(state_->session, id, list.data(), list.size(),
                                              ends == Http2Ends::yes ? nullptr : &content)));
  entry->began = true;
  if (ends == Http2Ends::yes) entry->finish = Entry::Finish::end;
  return {};
}

Result<void> Http2Session::write(Http2StreamId id, std::string_view content, Http2Ends ends) {
  Entry* entry = state_->open(id);
  if (entry == nullptr || !entry->began || entry->finish != Entry::Finish::no)
    return state_->checked(NGHTTP2_ERR_STREAM_CLOSED);
  entry->out += content;
  if (ends == Http2Ends::yes) entry->finish = Entry::Finish::end;
  if (std::exchange(entry->waits, false)) (void)nghttp2_session_resume_data(state_->session, id);
  return {};
}

Result<void> Http2Session::write_trailers(Http2StreamId id, std::span<const Http2Field> trailers) {
  if (trailers.empty()) return write(id, "", Http2Ends::yes);
  TRY(write(id, "", Http2Ends::no));
  Entry& entry = *state_->open(id);
  for (const Http2Field& field : trailers)
    entry.out_trailers.add(std::string(field.name), std::string(field.value));
  entry.finish = Entry::Finish::trailers;
  (void)nghttp2_session_resume_data(state_->session, id);
  return {};
}

std::size_t Http2Session::unsent(Http2StreamId id) const {
  const Entry* entry = state_->open(id);
  if (entry == nullptr) return 0;
  const bool end = entry->finish != Entry::Finish::no && !entry->finished;
  return entry->out.size() - entry->out_at + (end ? 1 : 0);
}

void Http2Session::reset(Http2StreamId id, Http2Code code) {
  if (state_->open(id) == nullptr) return;
  (void)state_->checked(nghttp2_submit_rst_stream(state_->session, NGHTTP2_FLAG_NONE, id,
                                                  static_cast<std::uint32_t>(code)));
}

void Http2Session::go_away() {
  if (state_->failure) return;
  (void)nghttp2_submit_goaway(state_->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(state_->session),
                              NGHTTP2_NO_ERROR, nullptr, 0);
}

}  // namespace glovebox::net
