#include "box/folder_name.h"

#include <algorithm>
#include <cstddef>

#include "codec/digest.h"

namespace glovebox::box {

namespace {

constexpr std::size_t kMaxFolderName = 64;

bool is_safe(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !id.empty() && id.size() <= kMaxFolderName && std::all_of(id.begin(), id.end(), allowed);
}

// The names that digests have are digests' alone.
bool looks_like_digest(std::string_view id) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return id.size() == kMaxFolderName && std::all_of(id.begin(), id.end(), is_digit);
}

}  // namespace

std::string folder_name(std::string_view id) {
  return is_safe(id) && !looks_like_digest(id) ? std::string(id) : codec::sha256(id).hex();
}

}  // namespace glovebox::box
