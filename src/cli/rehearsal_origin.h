// An origin for rehearsals on this host alone: HTTPS under a name and an authority of its own, and
// the name server that knows where it is. It answers whoever carries the credential, so that a
// rehearsal can show that egress adds it and the box never has it.
//
// A process of its own, started fresh from glovebox's executable; the credential comes to it by a
// pipe. It protects nothing: the credential is made for it and worth nothing elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/unique_fd.h"
#include "codec/host.h"
#include "os/process.h"

namespace glovebox::cli {

// What a policy names it by: `from = "credential:rehearsal"`.
inline constexpr std::string_view kRehearsalCredential = "rehearsal";

class RehearsalOrigin {
 public:
  // Kind invalid: it is not a host name with a port.
  static Result<void> check(std::string_view where);

  // `where`: a host name, and a port of 127.0.0.1. It listens when this returns. Files of it lie in
  // a new folder of that name: `glovebox.toml` for the worker, and a folder `credentials`.
  // Errors: invalid (no host name), exists (the port is taken), those of the kernel.
  static Result<RehearsalOrigin> start(int program, std::string_view where, std::string folder);
  RehearsalOrigin(RehearsalOrigin&&) = default;
  RehearsalOrigin& operator=(RehearsalOrigin&&) = delete;
  RehearsalOrigin(const RehearsalOrigin&) = delete;
  RehearsalOrigin& operator=(const RehearsalOrigin&) = delete;
  ~RehearsalOrigin();  // ends it, and removes its folder

  std::string configuration() const { return folder_ + "/glovebox.toml"; }
  std::string credentials() const { return folder_ + "/credentials"; }

 private:
  explicit RehearsalOrigin(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
  os::Process process_;
  UniqueFd holds_;  // it ends when this closes
};

// argv[1] of the origin; `HOST:PORT` follows, the credential comes on standard input.
inline constexpr std::string_view kRehearsalOriginWord = "rehearsal-origin";
int run_rehearsal_origin(std::string_view where);

}  // namespace glovebox::cli
