#include "box/output_collector.h"

#include <algorithm>
#include <format>
#include <string>
#include <utility>

#include "box/plan.h"
#include "os/file.h"

namespace glovebox::box {

void OutputCollector::append(std::string_view bytes) {
  if (bytes.empty()) return;
  const bool fits = output_.total() + bytes.size() <= tools::kBashOutputKept;
  if (!fits && state_ == File::none) begin_file();  // everything so far is still at hand
  if (state_ == File::open) spool(bytes);
  output_.append(bytes);
}

void OutputCollector::begin_file() {
  auto made = store_.create_output(OutputKind::cut);
  if (!made) {
    state_ = File::given_up;
    return;
  }
  state_ = File::open;
  file_ = std::move(made->fd);
  name_ = std::move(made->name);
  spool(output_.tail());
}

void OutputCollector::spool(std::string_view bytes) {
  bytes = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), limit_ - written_));
  if (bytes.empty()) return;
  if (os::write_all(file_.get(), bytes)) {
    written_ += bytes.size();
  } else {
    state_ = File::given_up;
  }
}

std::optional<tools::OutputFile> OutputCollector::file() const {
  if (name_.empty()) return std::nullopt;
  return tools::OutputFile{std::format("{}/{}", kOutputs, name_), written_};
}

void OutputCollector::finish() {
  file_.reset();
  if (!name_.empty()) (void)store_.trim_outputs();
}

}  // namespace glovebox::box
