// The host that egress's self-proof is made against: a process of its own, that listens on loopback
// where the proof's rules lead to and where none does, answers with a word, and tells who came. It
// is also the only name server that the proof's egress asks.
//
// Started fresh from glovebox's executable, so that it holds nothing of who starts it. It ends with
// that process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "cli/egress_proof_attempts.h"
#include "os/process.h"

namespace glovebox::cli {

class ProofWitness {
 public:
  // It listens when this returns. `program`: glovebox's own executable.
  static Result<ProofWitness> start(int program);

  const ProofScene& scene() const { return scene_; }
  std::uint16_t resolver() const { return resolver_; }  // UDP port of 127.0.0.1

  // Ends it. Who came, in turn: the way (one of `way`), a blank, and what came in visible
  // characters.
  Result<std::vector<std::string>> end();

 private:
  ProofWitness() = default;
  ProofScene scene_;
  std::uint16_t resolver_ = 0;
  os::Process process_;
  UniqueFd ask_, answer_;
};

namespace way {
inline constexpr std::string_view kRaw = "raw", kHttp = "http", kTls = "tls", kClosed = "closed",
                                  kDatagram = "datagram", kAbstract = "abstract", kName = "name";
}  // namespace way

// argv[1] of the witness. It tells its scene in one line, and who came when a byte comes on
// standard input.
inline constexpr std::string_view kProofWitnessWord = "egress-proof-witness";
int run_proof_witness();

}  // namespace glovebox::cli
