#include "roles/file_chore.h"

#include <string>
#include <utility>

#include "os/file.h"
#include "os/memfd.h"

namespace glovebox::roles {

namespace {

constexpr int kFine = 0, kFailed = 1, kSilent = 2;

int carry_out(std::vector<int> kept, int answer, const std::function<Result<std::string>()>& work) {
  kept.push_back(answer);
  const auto done = [&]() -> Result<std::string> {
    TRY(os::die_with_parent());
    TRY(os::close_others(std::move(kept)));
    return work();
  }();
  const std::string& text = done ? *done : done.error().message();
  if (text.size() > FileChore::kMaxAnswer && done) return kSilent;
  if (!os::write_all(answer, text.substr(0, FileChore::kMaxAnswer))) return kSilent;
  return done ? kFine : kFailed;
}

}  // namespace

Result<FileChore> FileChore::start(std::vector<int> kept,
                                   const std::function<Result<void>()>& work) {
  return ask(std::move(kept), [&]() -> Result<std::string> {
    TRY(work());
    return std::string();
  });
}

Result<FileChore> FileChore::ask(std::vector<int> kept,
                                 const std::function<Result<std::string>()>& work) {
  UniqueFd answer = TRY(os::make_memfd("glovebox-chore"));
  os::Process process =
      TRY(os::fork_into(0, [&] { return carry_out(std::move(kept), answer.get(), work); }));
  return FileChore(std::move(process), std::move(answer));
}

bool FileChore::ended() {
  if (end_) return true;
  if (const auto facts = process_.reap(os::Process::Wait::no)) end_ = *facts;
  return end_.has_value();
}

Result<std::string> FileChore::result() const {
  const bool spoke = end_ && !end_->signalled && (end_->code == kFine || end_->code == kFailed);
  if (!spoke) return Error(ErrorKind::internal, "the process that did it was killed");
  std::string answer = TRY(os::read_at(answer_.get(), 0, kMaxAnswer));
  if (end_->code == kFine) return answer;
  return Error(ErrorKind::internal,
               answer.empty() ? std::string("the process that did it said nothing") : answer);
}

}  // namespace glovebox::roles
