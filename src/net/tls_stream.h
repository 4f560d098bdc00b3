// TLS over a ByteStream, either role, with as little kept per connection as BoringSSL allows.
//
// BoringSSL reads from and writes to two strings of ours that are empty, and hold no memory, while
// the connection is idle. Who makes the SSL object decides on roles, versions and verification.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/alpn.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/task.h"

namespace glovebox::net {

class TlsStream final : public ByteStream {
 public:
  // `keep` lives as long as the connection. Kind internal: out of memory.
  static Result<std::unique_ptr<TlsStream>> make(StreamPtr lower, bssl::UniquePtr<SSL> ssl,
                                                 std::shared_ptr<const void> keep);
  ~TlsStream() override;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Before anything else. Kinds: protocol, closed, those of the lower stream.
  Task<Result<void>> handshake(Patience patience);
  // What ALPN agreed on, after the handshake.
  std::optional<Alpn> protocol() const;

  Task<Result<std::string>> read(Patience patience) override;
  Task<Result<void>> write(std::string_view bytes, Patience patience) override;
  Task<Result<void>> finish(Patience patience) override;
  Task<Result<void>> readable(Patience patience) override;
  bool is_quiet() override;

 private:
  friend struct TlsBio;
  TlsStream(StreamPtr lower, bssl::UniquePtr<SSL> ssl, std::shared_ptr<const void> keep);
  Result<std::string> decrypt(int& status);
  Task<Result<void>> flush(Patience patience);
  Task<Result<void>> receive(Patience patience);
  Error failure(std::string_view what) const;

  std::shared_ptr<const void> keep_;  // ends after ssl_
  StreamPtr lower_;
  bssl::UniquePtr<SSL> ssl_;
  std::string in_;         // received, not yet taken by BoringSSL
  std::size_t taken_ = 0;  // of in_
  std::string out_;        // made by BoringSSL, not yet sent
  bool ended_ = false;     // the lower stream ended
  bool flushing_ = false;
  bool broken_ = false;  // a record went out in part: nothing can follow it
};

// The oldest of BoringSSL's queued errors, in words, and the queue emptied.
std::string take_tls_error();

}  // namespace glovebox::net
