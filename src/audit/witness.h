// A witness: watches that logs only grow, and says so (C2SP tlog-witness, add-checkpoint).
//
// Of each log it knows the largest tree that it has cosigned. A new checkpoint is cosigned if the
// log signed it and proves that the known tree is how the new one began; that it is known now is on
// stable storage before the answer leaves. So a log cannot show two histories to people who ask for
// this witness's signature, and one that was put back to an older state gets no signature again.
//
// No transport is in here: a body comes in, an answer goes out. One call at a time, so that nothing
// comes between the look at what is known and its change.
//
// It does not protect against the loss of what it knows: a witness whose store is empty begins anew
// with every log. Do not start it on a new store under the same key.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/witness_message.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/merkle.h"
#include "codec/note.h"

namespace glovebox::audit {

constexpr std::size_t kMaxWitnessedLogs = 10'000;

// What a witness remembers (witness_store.h), or a map in memory.
class WitnessStore {
 public:
  virtual ~WitnessStore() = default;
  // The last checkpoint that was stored of a log; nothing if there is none.
  virtual Result<std::optional<std::string>> load(std::string_view origin) = 0;
  // Durable when it returns.
  virtual Result<void> store(std::string_view origin, std::string_view note) = 0;
};

struct WitnessAnswer {
  unsigned status = 0;       // of HTTP
  std::string content_type;  // empty: none is needed
  std::string body;
  bool operator==(const WitnessAnswer&) const = default;
};

class Witness {
 public:
  // `name`: of the witness's key. `logs`: those it watches; a log may have several keys of one
  // name. `store` and `clock` outlive the witness. Errors: invalid (a name that is none, no log, a
  // log with the witness's own key), limit, conflict (what is stored of a log, it did not sign),
  // those of the store.
  static Result<Witness> make(std::string_view name, codec::Ed25519PrivateKey key,
                              std::vector<codec::NoteKey> logs, WitnessStore& store,
                              const Clock& clock);

  // 200 with the cosignature. 400: malformed, or an old size beyond the new. 403: not signed by the
  // log. 404: a log that is not watched. 409: another size is known; the body is that. 422: the
  // proof does not lead from the known tree to this one. 500: it could not be stored; from then on
  // nothing of that log is cosigned until the witness is started anew.
  WitnessAnswer add_checkpoint(std::string_view body);

  // What is known of a log; nothing before its first checkpoint.
  std::optional<codec::TreeHead> known(std::string_view origin) const;

 private:
  Witness(std::string_view name, codec::Ed25519PrivateKey key, WitnessStore& store,
          const Clock& clock)
      : name_(name), key_(std::move(key)), store_(&store), clock_(&clock) {}

  std::string name_;
  codec::Ed25519PrivateKey key_;
  WitnessStore* store_;
  const Clock* clock_;
  std::map<std::string, std::vector<codec::NoteKey>, std::less<>> logs_;
  std::map<std::string, codec::TreeHead, std::less<>> known_;
  std::set<std::string, std::less<>> broken_;
};

}  // namespace glovebox::audit
