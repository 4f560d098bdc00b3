#include "roles/secret_reference.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>
#include <string>
#include <system_error>

#include "policy/normal_path.h"

namespace glovebox::roles {

namespace {

constexpr std::string_view kCredential = "credential:", kFile = "file:", kVariable = "env:",
                           kDescriptor = "fd:";
constexpr std::size_t kMaxName = 255;
constexpr int kStandardOutput = 1, kStandardError = 2, kMostDescriptors = 1 << 20;

Error bad(std::string_view what) {
  return Error(ErrorKind::invalid, std::string(what));
}

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && !is_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); });
}

// One name in the folder of credentials, never a way out of it.
bool is_credential_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != '.' &&
         std::ranges::all_of(name, [](char c) {
           return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '@' || c == ':';
         });
}

std::optional<int> descriptor_of(std::string_view digits) {
  int number = -1;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end || digits.starts_with('-')) return {};
  // What is written to cannot be where a secret comes from.
  if (number == kStandardOutput || number == kStandardError || number > kMostDescriptors) return {};
  return number;
}

}  // namespace

std::string to_string(const SecretReference& reference) {
  switch (reference.from) {
    case SecretReference::From::credential:
      return std::format("{}{}", kCredential, reference.name);
    case SecretReference::From::file:
      return std::format("{}{}", kFile, reference.name);
    case SecretReference::From::variable:
      return std::format("{}{}", kVariable, reference.name);
    case SecretReference::From::descriptor:
      return std::format("{}{}", kDescriptor, reference.descriptor);
  }
  return {};
}

Result<SecretReference> parse_secret_reference(std::string_view text) {
  using From = SecretReference::From;
  const auto after = [&](std::string_view prefix) { return text.substr(prefix.size()); };
  if (text.starts_with(kCredential)) {
    if (!is_credential_name(after(kCredential)))
      return bad("a credential has a plain name, without a slash");
    return SecretReference{From::credential, std::string(after(kCredential))};
  }
  if (text.starts_with(kFile)) {
    if (!policy::is_normal_path(after(kFile)) || after(kFile) == "/")
      return bad("file: is followed by an absolute path without `.` and `..`");
    return SecretReference{From::file, std::string(after(kFile))};
  }
  if (text.starts_with(kVariable)) {
    if (!is_variable_name(after(kVariable)))
      return bad("env: is followed by the name of a variable");
    return SecretReference{From::variable, std::string(after(kVariable))};
  }
  if (text.starts_with(kDescriptor)) {
    const auto number = descriptor_of(after(kDescriptor));
    if (!number) return bad("fd: is followed by the number of a descriptor to read from");
    return SecretReference{From::descriptor, {}, *number};
  }
  return bad(
      "a secret is named by credential:NAME, file:PATH, env:NAME or fd:N, never written out");
}

}  // namespace glovebox::roles
