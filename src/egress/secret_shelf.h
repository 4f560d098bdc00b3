// The secrets that boxes do not hold, by name. Each goes out only to endpoints that the policy
// binds it to; which those are comes with the rules of a network, not from here.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret.h"

namespace glovebox::egress {

class SecretShelf {
 public:
  // Takes the place of an earlier one of that name, for requests from now on.
  void put(std::string name, Secret secret) {
    secrets_.insert_or_assign(std::move(name), std::move(secret));
  }
  // Null: there is none.
  const Secret* find(std::string_view name) const {
    const auto at = secrets_.find(name);
    return at == secrets_.end() ? nullptr : &at->second;
  }

 private:
  std::map<std::string, Secret, std::less<>> secrets_;
};

// What a box holds in place of a secret: an environment variable or a file of its own may say it,
// and in a header of a request to a bound endpoint it becomes the secret.
inline std::string placeholder_of(std::string_view name) {
  return "glovebox-secret-" + std::string(name);
}

}  // namespace glovebox::egress
