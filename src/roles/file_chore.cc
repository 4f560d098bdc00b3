#include "roles/file_chore.h"

#include <string>
#include <utility>

#include "base/units.h"
#include "os/file.h"

namespace glovebox::roles {

namespace {

constexpr int kFine = 0, kFailed = 1;
constexpr std::uint64_t kMaxReport = 4 * kKiB;  // a pipe holds it whole

int carry_out(std::vector<int> kept, int report, const std::function<Result<void>()>& work) {
  kept.push_back(report);
  const auto done = [&]() -> Result<void> {
    TRY(os::die_with_parent());
    TRY(os::close_others(std::move(kept)));
    return work();
  }();
  if (done) return kFine;
  (void)os::write_all(report, done.error().message().substr(0, kMaxReport));
  return kFailed;
}

}  // namespace

Result<FileChore> FileChore::start(std::vector<int> kept,
                                   const std::function<Result<void>()>& work) {
  os::Pipe pipe = TRY(os::make_pipe());
  os::Process process =
      TRY(os::fork_into(0, [&] { return carry_out(std::move(kept), pipe.writer.get(), work); }));
  return FileChore(std::move(process), std::move(pipe.reader));
}

bool FileChore::ended() {
  if (end_) return true;
  if (const auto facts = process_.reap(os::Process::Wait::no)) end_ = *facts;
  return end_.has_value();
}

Result<void> FileChore::result() const {
  if (end_ && !end_->signalled && end_->code == kFine) return {};
  const auto report = os::read_all(report_.get(), kMaxReport);
  return Error(ErrorKind::internal,
               report && !report->empty() ? *report : "the process that did it was killed");
}

}  // namespace glovebox::roles
