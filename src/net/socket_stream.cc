#include <array>

#include "net/dial.h"
#include "os/inet.h"

namespace glovebox::net {

namespace {

class SocketStream final : public ByteStream {
 public:
  SocketStream(Loop& loop, UniqueFd owned) : SocketStream(loop, owned.get()) {
    owned_ = std::move(owned);
  }
  SocketStream(Loop& loop, int socket) : loop_(loop), socket_(socket) {}

  Task<Result<std::string>> read(Patience patience) override {
    for (;;) {
      if (auto bytes = CO_TRY(receive())) co_return *std::move(bytes);
      CO_TRY(co_await loop_.readable(socket_, patience));
    }
  }

  Task<Result<void>> write(std::string_view bytes, Patience patience) override {
    while (!bytes.empty()) {
      if (const auto sent = CO_TRY(os::send_some(socket_, bytes)))
        bytes.remove_prefix(*sent);
      else
        CO_TRY(co_await loop_.writable(socket_, patience));
    }
    co_return Result<void>();
  }

  Task<Result<void>> finish(Patience) override { co_return os::shut_write(socket_); }

  Task<Result<void>> readable(Patience patience) override {
    return loop_.readable(socket_, std::move(patience));
  }

  bool is_quiet() override { return os::peek(socket_) == os::Waiting::nothing; }

 private:
  // Its buffer is on the stack of this call only, so that an idle stream holds none.
  [[gnu::noinline]] Result<std::optional<std::string>> receive() {
    [[clang::uninitialized]] std::array<char, kMaxRead> buffer;  // only what is read of it counts
    const auto got = TRY(os::receive_some(socket_, buffer.data(), buffer.size()));
    if (!got) return std::optional<std::string>();
    return std::optional(std::string(buffer.data(), *got));
  }

  Loop& loop_;
  int socket_;
  UniqueFd owned_;  // none: it is borrowed
};

}  // namespace

StreamPtr make_socket_stream(Loop& loop, UniqueFd socket) {
  return std::make_unique<SocketStream>(loop, std::move(socket));
}

StreamPtr make_borrowed_stream(Loop& loop, int socket) {
  return std::make_unique<SocketStream>(loop, socket);
}

}  // namespace glovebox::net
