// What reaches an origin, read as leniently as any server might, is what was judged: the same
// requests, in the same order, and nothing between them.
#include <array>
#include <charconv>
#include <random>

#include "egress/http_relay.h"
#include "support.h"

namespace glovebox::egress {
namespace {

using namespace testing;

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '_')
      out += '-';
    else if (c >= 'A' && c <= 'Z')
      out += static_cast<char>(c - 'A' + 'a');
    else if (c > ' ')
      out += c;
  }
  return out;
}

// A server that takes whatever looks like a request: LF ends a line, blanks are ignored, anything
// that mentions `chunked` is chunked, the last length counts, a number ends where it ends.
class LenientReader {
 public:
  // Gives `METHOD path` of each head that has come to its end.
  std::vector<std::string> push(std::string_view bytes) {
    std::vector<std::string> heads;
    for (const char c : bytes) {
      if (left_ > 0) {
        --left_;
        continue;
      }
      if (c != '\n') {
        line_ += c;
        continue;
      }
      if (line_.ends_with('\r')) line_.pop_back();
      take_line(std::exchange(line_, {}), heads);
    }
    return heads;
  }
  // Between two requests, as far as it can tell.
  bool is_between() const { return state_ == State::start && line_.empty() && left_ == 0; }

 private:
  enum class State : std::uint8_t { start, fields, size, chunk_end, trailers };

  static std::uint64_t number(std::string_view text, int base) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
  }

  void take_line(const std::string& line, std::vector<std::string>& heads) {
    switch (state_) {
      case State::start: {
        if (line.empty()) return;
        const auto space = line.find(' ');
        const auto end = line.find_first_of(" ?", space + 1);
        request_ = line.substr(0, space) + " " + line.substr(space + 1, end - space - 1);
        chunked_ = false;
        length_ = 0;
        state_ = State::fields;
        return;
      }
      case State::fields: {
        if (line.empty()) {
          heads.push_back(request_);
          left_ = chunked_ ? 0 : length_;
          state_ = chunked_ ? State::size : State::start;
          return;
        }
        const auto colon = std::min(line.find(':'), line.size());
        const std::string name = lower(line.substr(0, colon));
        const std::string value = lower(line.substr(colon));
        if (value.contains("chunked")) chunked_ = true;
        if (name == "content-length") length_ = number(value.substr(1), 10);
        return;
      }
      case State::size:
        left_ = number(line, 16);
        state_ = left_ == 0 ? State::trailers : State::chunk_end;
        return;
      case State::chunk_end:
        state_ = State::size;
        return;
      case State::trailers:
        if (line.empty()) state_ = State::start;
        return;
    }
  }

  State state_ = State::start;
  std::string line_, request_;
  bool chunked_ = false;
  std::uint64_t length_ = 0, left_ = 0;
};

const std::array<std::string_view, 16> kRequests = {
    "GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "GET /denied/a HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "DELETE /x HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "GET http://a.test/b?c=/denied HTTP/1.1\r\nHost: a.test\r\nA: b\r\n\r\n",
    "POST /l HTTP/1.1\r\nHost: a.test\r\nContent-Length: 49\r\n\r\n"
    "GET /denied/length HTTP/1.1\r\nHost: a.test\r\n\r\n..",
    "POST /c HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    "2f\r\nGET /denied/chunk HTTP/1.1\r\nHost: a.test\r\n\r\n\r\n0\r\n\r\n",
    "POST /t HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    "1;GET /denied/extension HTTP/1.1\r\nx\r\n0\r\nGET: /denied/trailer HTTP/1.1\r\n\r\n",
    "POST /both HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    "0\r\n\r\nGET /denied/both HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "POST /under HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer_Encoding: "
    "chunked\r\n\r\n0\r\n\r\n",
    "POST /space HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding : "
    "chunked\r\n\r\n0\r\n\r\n",
    "POST /fold HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding:\r\n "
    "chunked\r\n\r\n0\r\n\r\n",
    "POST /twice HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n"
    "GET /denied/twice HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "GET /body HTTP/1.1\r\nHost: a.test\r\nContent-Length: 44\r\n\r\n"
    "GET /denied/body HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "PUT /e HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    "HEAD /h HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n",
    "GET /u HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
};
const std::array<std::string_view, 16> kPieces = {
    "\r", "\n", "\r\n", " ", "\t", ":",  "\r\n\r\n", std::string_view("\0", 1),
    "0",  "5",  "%2e.", "/", "_",  ", ", "chunked",  "\r\n GET /denied/piece HTTP/1.1\r\n"};

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return engine_() % bound; }

 private:
  std::minstd_rand engine_;
};

std::string make_input(Dice& dice) {
  std::string all;
  for (std::size_t i = 0, count = 1 + dice.below(4); i < count; ++i)
    all += kRequests[dice.below(kRequests.size())];
  for (std::size_t i = 0, count = dice.below(3); i < count; ++i) {
    const std::size_t at = dice.below(all.size());
    switch (dice.below(3)) {
      case 0:
        all.insert(at, kPieces[dice.below(kPieces.size())]);
        break;
      case 1:
        all.erase(at, 1 + dice.below(3));
        break;
      default:
        all[at] = static_cast<char>(dice.below(256));
    }
  }
  return all;
}

TEST_CASE("an origin sees what was judged, and nothing else") {
  constexpr unsigned kRounds = 8000;
  std::size_t seen_in_all = 0, denied_in_all = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    Dice dice(round + 1);
    const std::string input = make_input(dice);
    INFO("round " << round << ": " << input);
    const auto seen = std::make_shared<std::vector<std::string>>();
    Bench bench([seen](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
      LenientReader reader;
      for (;;) {
        const auto bytes = co_await stream->read({});
        if (!bytes || bytes->empty()) co_return;
        for (std::string& head : reader.push(*bytes)) {
          const bool for_head = head.starts_with("HEAD ");
          seen->push_back(std::move(head));
          const std::string answer =
              for_head ? "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n" : ok("x");
          if (!co_await stream->write(answer, {})) co_return;
        }
      }
    });
    (void)bench.talk(input, dice.below(input.size()));
    std::vector<std::string> allowed;
    for (const std::string& judged : bench.site.judged)
      if (!judged.starts_with("DELETE ") && !judged.contains(" /denied")) allowed.push_back(judged);
    CHECK(*seen == allowed);
    CHECK(bench.site.notes.size() >= bench.site.judged.size());
    seen_in_all += seen->size();
    denied_in_all += bench.site.judged.size() - allowed.size();
  }
  // The inputs are worth something: many requests pass, and many are denied.
  CHECK(seen_in_all > kRounds / 3);
  CHECK(denied_in_all > kRounds / 10);
}

}  // namespace
}  // namespace glovebox::egress
