#include "tools/reason.h"

#include <cerrno>

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

TEST_CASE("the words for an errno") {
  const struct {
    int number;
    const char* words;
  } rows[] = {
      {ENOENT, "no such file or directory"},
      {EACCES, "permission denied"},
      {EPERM, "permission denied"},
      {ENOTDIR, "not a directory"},
      {EISDIR, "is a directory"},
      {ELOOP, "too many levels of symbolic links"},
      {ENAMETOOLONG, "file name too long"},
      {ENOSPC, "no space left on device"},
      {EMFILE, "too many open files"},
      {ENFILE, "too many open files"},
      {EEXIST, "i/o error (EEXIST)"},
      {EXDEV, "i/o error (EXDEV)"},
      {EIO, "i/o error (EIO)"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.number);
    CHECK(reason(Error::from_errno(row.number, "open /host/path")) == row.words);
  }
  CHECK(reason(Error(ErrorKind::invalid, "about /host/path")) == "i/o error");
  CHECK(text_of(failed_on("read", "a/b", Error::from_errno(ENOENT, "x"))) ==
        "read: a/b: no such file or directory");
}
