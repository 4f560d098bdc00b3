// An anchor on a path: each checkpoint is appended to a file, whole and durably.
//
// The path is where somebody else keeps things: a mount that is written once, a stick, a folder
// that is copied away. So little is assumed of it: the file may belong to anybody and be readable
// by all, since it holds nothing but what is signed and public. But no symbolic link is followed
// anywhere on the path, a second name of the file is refused, and what is no regular file too: an
// anchor that can be bent somewhere else is worth nothing.
//
// Who checks such files later is anchor_check.h. What a crash leaves of a checkpoint stays: it may
// be that nothing can be taken away there. The next open() ends its line with kCutMark, so that no
// reader takes it for whole.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::audit {

constexpr std::string_view kCutMark = " (cut)\n";

class AnchorFile {
 public:
  // Makes the file (0644) if it is missing, durably with its name; its folder has to be there.
  // `path` is absolute. Errors: invalid (not absolute), denied (a link, a second name, no regular
  // file), not_found, those of the kernel.
  static Result<AnchorFile> open(const std::string& path);

  // `note`: a signed checkpoint, ends in LF. It is on stable storage when this returns. An error is
  // final for this object; open it anew. Errors: conflict (the name leads elsewhere now), those of
  // the kernel.
  Result<void> append(std::string_view note);

 private:
  AnchorFile(UniqueFd folder, std::string name, UniqueFd file);
  Result<void> check_in_place() const;
  Result<void> end_cut_line();
  Result<void> append_now(std::string_view bytes);

  UniqueFd folder_;
  std::string name_;
  UniqueFd file_;
  bool failed_ = false;
};

}  // namespace glovebox::audit
