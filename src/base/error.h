// What went wrong, as a value.
//
// An Error has a closed kind that callers branch on, a message that people read, and, where the
// kernel was asked, its errno. Each layer that passes an Error up adds what it was trying to do:
// `mount /usr read-only: open_tree: EPERM`. Nobody parses the text.
#pragma once

#include <source_location>
#include <string>
#include <string_view>

namespace glovebox {

enum class ErrorKind {
  invalid,      // the input does not have the form it must have
  not_found,    // the named thing does not exist
  exists,       // the named thing exists already
  denied,       // the kernel, a peer or the policy refuses
  limit,        // a named limit was reached
  unsupported,  // the host or this version cannot do it
  timeout,      // the time for it is over
  cancelled,    // somebody who may do so called it off
  closed,       // the other side is gone
  conflict,     // the state it assumes is no longer true
  io,           // the kernel reports an input/output failure
  protocol,     // a peer broke the protocol
  internal,     // a bug of ours
};

std::string_view to_string(ErrorKind kind);

class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, std::string message,
        std::source_location where = std::source_location::current());

  // An error that the kernel reported. `what` names the call or the step; the text of the Error
  // becomes `what: ENAME`. The kind follows from the errno.
  static Error from_errno(int error_number, std::string_view what,
                          std::source_location where = std::source_location::current());

  // Puts `what: ` before the message and keeps kind, errno and place.
  Error with_context(std::string_view what) &&;

  ErrorKind kind() const { return kind_; }
  int error_number() const { return errno_; }  // 0 when the kernel was not involved
  const std::string& message() const { return message_; }
  const std::source_location& where() const { return where_; }

 private:
  ErrorKind kind_;
  int errno_ = 0;
  std::string message_;
  std::source_location where_;
};

// `ENOENT` for 2; `E4095` for a number without a name. Locale-free, unlike strerror.
std::string errno_name(int error_number);

}  // namespace glovebox
