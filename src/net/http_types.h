// What HTTP/1.1 messages are made of, for client and server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace glovebox::net {

// Header fields in order. Names compare without case; values are kept as they were given.
class Fields {
 public:
  struct Field {
    std::string name;
    std::string value;
  };
  Fields() = default;
  Fields(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value);
  // In place of every field of that name.
  void set(std::string name, std::string value);
  void remove(std::string_view name);
  // The first of that name; the view is valid until the fields change.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  // True if a comma list field (connection, transfer-encoding) has this member.
  bool lists(std::string_view name, std::string_view member) const;

  std::size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

// Limits of a message that is received. What is longer is kind `limit`, naming the limit.
struct MessageLimits {
  ByteLimit head{16 * kKiB};  // start line and fields with their line ends; trailers the same
  std::size_t fields = 64;
  ByteLimit body{16 * kMiB};
};

// `Not Found`; empty for a status that has no registered reason.
std::string_view reason_phrase(int status);

}  // namespace glovebox::net
