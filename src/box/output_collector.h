// The output of a shell call while it streams: the end of it for the model, the whole of it in a
// file of the session once the end alone is not enough.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "box/session_store.h"
#include "tools/bash_output.h"

namespace glovebox::box {

class OutputCollector {
 public:
  // `store` outlives the collector; `limit`: the file gets no more bytes than this.
  OutputCollector(const SessionStore& store, std::uint64_t limit) : store_(store), limit_(limit) {}

  // Never waits and never fails: a file that cannot be written is given up.
  void append(std::string_view bytes);

  const tools::BashOutput& output() const { return output_; }
  // The file, as the box sees it; nullopt when the output was not cut.
  std::optional<tools::OutputFile> file() const;
  const std::string& file_name() const { return name_; }
  // Drops the oldest files of the session if there are too many bytes of them.
  void finish();

 private:
  void begin_file();
  void spool(std::string_view bytes);

  const SessionStore& store_;
  std::uint64_t limit_;
  tools::BashOutput output_;
  enum class File : std::uint8_t { none, open, given_up } state_ = File::none;
  UniqueFd file_;
  std::string name_;
  std::uint64_t written_ = 0;
};

}  // namespace glovebox::box
