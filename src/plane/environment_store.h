// The environments of a plane: queues with a name.
//
// Only `self_hosted` environments exist here. Ids are opaque to clients. An archived environment
// keeps its queue but takes no new session; a deleted one is gone.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "codec/json.h"
#include "plane/message.h"

namespace glovebox::plane {

struct Environment {
  std::uint64_t number = 0;  // for pages
  std::string id;
  std::string name;
  std::optional<std::string> description;
  codec::JsonObject metadata;
  WallTime created;
  WallTime updated;
  std::optional<WallTime> archived;

  codec::Json to_json() const;
};

class EnvironmentStore {
 public:
  EnvironmentStore(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

  // The one every plane has from its start.
  const Environment& add_named(std::string id, std::string name);
  // From a request body. Errors: 400, with the error codes of the API.
  Answer<const Environment*> create(const codec::Json& body);
  // Errors: 404 environment_not_found.
  Answer<const Environment*> find(std::string_view id) const;
  Answer<const Environment*> update(std::string_view id, const codec::Json& body);
  Answer<const Environment*> archive(std::string_view id);
  Answer<void> remove(std::string_view id);

  const std::deque<Environment>& all() const {
    return environments_;
  }  // deleted ones are not in it

 private:
  Answer<Environment*> find_mutable(std::string_view id);

  const Clock& clock_;
  Random& random_;
  std::deque<Environment> environments_;
  std::uint64_t last_number_ = 0;
};

enum class EmptyValue { keeps_key, erases_key };

// `metadata` with a request's `change` merged in: null deletes a key, and so does the empty string
// where `empty` says so. Error: 400 invalid_metadata.
Answer<codec::JsonObject> merged_metadata(const codec::JsonObject& metadata,
                                          const codec::Json* change, EmptyValue empty);

}  // namespace glovebox::plane
