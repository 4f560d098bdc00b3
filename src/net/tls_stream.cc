#include "net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/units.h"

namespace glovebox::net {

namespace {
// Records are made and sent in pieces, so that a large body is not held twice.
constexpr std::size_t kWritePiece = 64 * kKiB;
}  // namespace

struct TlsBio {
  static TlsStream& of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* out, int size) {
    BIO_clear_retry_flags(bio);
    TlsStream& stream = of(bio);
    const std::size_t left = stream.in_.size() - stream.taken_;
    if (left == 0) {
      if (stream.ended_) return 0;
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t count = std::min(left, static_cast<std::size_t>(size));
    std::memcpy(out, stream.in_.data() + stream.taken_, count);
    stream.taken_ += count;
    if (stream.taken_ == stream.in_.size()) {
      stream.in_ = std::string();
      stream.taken_ = 0;
    }
    return static_cast<int>(count);
  }

  static int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    of(bio).out_.append(bytes, static_cast<std::size_t>(size));
    return size;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
  static int destroy(BIO*) { return 1; }

  static constexpr BIO_METHOD kMethod = {BIO_TYPE_SOURCE_SINK,
                                         "stream",
                                         write,
                                         read,
                                         nullptr,
                                         nullptr,
                                         control,
                                         create,
                                         destroy,
                                         nullptr};
};

std::string take_tls_error() {
  const std::uint32_t code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text = reason == nullptr ? "unknown reason" : reason;
  for (char& c : text) {
    if (c == '_') c = ' ';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Result<std::unique_ptr<TlsStream>> TlsStream::make(StreamPtr lower, bssl::UniquePtr<SSL> ssl,
                                                   std::shared_ptr<const void> keep) {
  std::unique_ptr<TlsStream> stream(
      new TlsStream(std::move(lower), std::move(ssl), std::move(keep)));
  BIO* bio = BIO_new(&TlsBio::kMethod);
  if (bio == nullptr) return Error(ErrorKind::internal, "TLS: out of memory");
  BIO_set_data(bio, stream.get());
  SSL_set_bio(stream->ssl_.get(), bio, bio);
  SSL_set_shed_handshake_config(stream->ssl_.get(), 1);
  return stream;
}

TlsStream::TlsStream(StreamPtr lower, bssl::UniquePtr<SSL> ssl, std::shared_ptr<const void> keep)
    : keep_(std::move(keep)), lower_(std::move(lower)), ssl_(std::move(ssl)) {}
TlsStream::~TlsStream() = default;

Error TlsStream::failure(std::string_view what) const {
  std::string reason = take_tls_error();
  if (ended_) return Error(ErrorKind::closed, std::string(what) + ": the peer cut the connection");
  return Error(ErrorKind::protocol, std::string(what) + ": " + reason);
}

// Sends what BoringSSL made. Whoever comes while another sends leaves it to the other.
Task<Result<void>> TlsStream::flush(Patience patience) {
  if (flushing_) co_return Result<void>();
  flushing_ = true;
  while (!out_.empty() && !broken_) {
    const std::string piece = std::exchange(out_, {});
    if (auto sent = co_await lower_->write(piece, patience); !sent) {
      broken_ = true;
      flushing_ = false;
      co_return sent;
    }
  }
  flushing_ = false;
  if (broken_) co_return Error(ErrorKind::closed, "TLS: the connection broke before");
  co_return Result<void>();
}

Task<Result<void>> TlsStream::receive(Patience patience) {
  std::string bytes = CO_TRY(co_await lower_->read(std::move(patience)));
  if (bytes.empty())
    ended_ = true;
  else
    in_.append(bytes);
  co_return Result<void>();
}

Task<Result<void>> TlsStream::handshake(Patience patience) {
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    const int status = SSL_get_error(ssl_.get(), done);
    // Taken before the alert is sent: other code may run meanwhile.
    const bool failed = done != 1 && status != SSL_ERROR_WANT_READ;
    std::optional<Error> error;
    if (failed) error = failure("TLS handshake");
    auto sent = co_await flush(patience);
    if (error) co_return *std::move(error);
    CO_TRY(std::move(sent));
    if (done == 1) co_return Result<void>();
    CO_TRY(co_await receive(patience));
  }
}

std::optional<Alpn> TlsStream::protocol() const {
  const std::uint8_t* text = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &text, &size);
  if (size == 0) return std::nullopt;
  return parse_alpn({reinterpret_cast<const char*>(text), size});
}

// The buffer is on the stack of this call only, so that an idle stream holds none.
[[gnu::noinline]] Result<std::string> TlsStream::decrypt(int& status) {
  [[clang::uninitialized]] std::array<char, kMaxRead> buffer;  // only what is read of it counts
  ERR_clear_error();
  const int got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
  status = got > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), got);
  if (got > 0) return std::string(buffer.data(), static_cast<std::size_t>(got));
  if (status == SSL_ERROR_WANT_READ || status == SSL_ERROR_ZERO_RETURN) return std::string();
  return failure("TLS");
}

Task<Result<std::string>> TlsStream::read(Patience patience) {
  for (;;) {
    int status = SSL_ERROR_NONE;
    auto plain = decrypt(status);
    if (!out_.empty()) CO_TRY(co_await flush(patience));
    if (!plain || status != SSL_ERROR_WANT_READ) co_return plain;
    CO_TRY(co_await receive(patience));
  }
}

Task<Result<void>> TlsStream::write(std::string_view bytes, Patience patience) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kWritePiece);
    ERR_clear_error();
    const int sent = SSL_write(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    if (sent <= 0) co_return failure("TLS");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    CO_TRY(co_await flush(patience));
  }
  co_return Result<void>();
}

Task<Result<void>> TlsStream::finish(Patience patience) {
  ERR_clear_error();
  if (SSL_shutdown(ssl_.get()) < 0) ERR_clear_error();
  CO_TRY(co_await flush(patience));
  co_return co_await lower_->finish(std::move(patience));
}

Task<Result<void>> TlsStream::readable(Patience patience) {
  if (SSL_pending(ssl_.get()) > 0 || !in_.empty() || ended_) co_return Result<void>();
  co_return co_await lower_->readable(std::move(patience));
}

bool TlsStream::is_quiet() {
  return SSL_pending(ssl_.get()) == 0 && in_.empty() && !ended_ && !broken_ && lower_->is_quiet();
}

}  // namespace glovebox::net
