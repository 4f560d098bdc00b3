// The key of a log: made at its first start, kept beside it.
//
// `key` holds one line in the form that signers of notes use, `PRIVATE+KEY+name+hash+base64`, and
// `key.pub` the public `name+hash+base64`. Whoever reads `key` can sign any head: a copy of
// `key.pub` kept elsewhere is what makes a check worth something (`--key`).
#pragma once

#include <string_view>

#include "audit/log_directory.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/note.h"

namespace glovebox::audit {

struct LogKey {
  codec::Ed25519PrivateKey private_key;
  codec::NoteKey public_key;
};

// Reads `key`, or makes it and `key.pub` for an empty log, named `origin` (no spaces, no `+`). A
// missing `key.pub` is written again. Errors: conflict (a key that is malformed, or missing with
// records there, or another key.pub), invalid (`origin`), and those of the directory.
enum class LogIs { empty, filled };
Result<LogKey> load_or_make_key(const LogDirectory& directory, std::string_view origin, LogIs log,
                                Random& random);

// The text of `key.pub`, with or without its line feed. Error: invalid.
Result<codec::NoteKey> parse_public_key(std::string_view text);

}  // namespace glovebox::audit
