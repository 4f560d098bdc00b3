#include "cli/selftest_witness.h"

#include <fcntl.h>

#include <format>
#include <optional>

#include "os/attempts.h"
#include "os/file.h"
#include "os/inet.h"
#include "os/process_view.h"

namespace glovebox::cli {

namespace {

constexpr const char* kTemporary = "/tmp";
constexpr unsigned kOpenFolder = 0777;
constexpr unsigned kOpenFile = 0666;
constexpr std::size_t kMaxText = 1 << 16;

struct Guarded {
  std::string folder, secret, mark;
  UniqueFd abstract, port;
};

bool was_reached(int listener) {
  const auto connection = os::accept_tcp(listener);
  return connection && *connection;
}

// Processes whose command line has the mark.
std::size_t marked_processes(const std::string& mark) {
  const auto proc = os::open_path("/proc", O_RDONLY | O_DIRECTORY);
  if (!proc) return 0;
  std::size_t count = 0;
  for (const pid_t pid : os::processes_of(proc->get())) {
    const auto text = os::read_file(std::format("/proc/{}/cmdline", pid), kMaxText);
    if (text && text->contains(mark)) ++count;
  }
  return count;
}

std::string harm(const Guarded& guarded) {
  std::string seen;
  const auto add = [&](std::string_view what) {
    seen += seen.empty() ? "" : ", ";
    seen += what;
  };
  const auto folder = os::open_path(guarded.folder, O_RDONLY | O_DIRECTORY);
  const auto names = folder ? os::list_folder(folder->get(), 16)
                            : Result<std::vector<os::FolderEntry>>(folder.error());
  if (!names || names->size() != 1) add("the folder outside was changed");
  const auto text = os::read_file(guarded.folder + "/secret", kMaxText);
  if (!text || *text != guarded.secret) add("the file outside was changed");
  if (was_reached(guarded.abstract.get())) add("the socket outside was reached");
  if (was_reached(guarded.port.get())) add("the server outside was reached");
  if (const auto left = marked_processes(guarded.mark); left > 0)
    add(std::format("{} processes are left", left));
  return seen;
}

// Until it is asked, or who asks is gone.
int watch(const Guarded& guarded, const UniqueFd& ask, const UniqueFd& answer) {
  os::set_process_name("gb-witness");
  (void)os::new_session();
  char byte = 0;
  const auto asked = os::read_some(ask.get(), &byte, 1);
  if (asked && *asked == 1) (void)os::write_all(answer.get(), harm(guarded) + "\n");
  const auto tmp = os::open_path(kTemporary, O_RDONLY | O_DIRECTORY);
  if (tmp) (void)os::remove_tree(tmp->get(), guarded.folder.substr(guarded.folder.rfind('/') + 1));
  return 0;
}

}  // namespace

Result<Witness> Witness::start(Random& random) {
  Witness witness;
  const std::string name = "glovebox-selftest-" + random.hex(8);
  witness.folder_ = std::format("{}/{}", kTemporary, name);
  witness.secret_ = "canary-" + random.hex(8);
  witness.socket_ = name;
  // A number, so that `sleep` takes it.
  witness.mark_ = std::format("86399.{}", random.below(900'000'000) + 100'000'000);
  const UniqueFd tmp = TRY(os::open_path(kTemporary, O_RDONLY | O_DIRECTORY));
  TRY(os::make_folder(tmp.get(), name, kOpenFolder));
  const UniqueFd folder = TRY(os::open_at(tmp.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(os::change_mode(folder.get(), kOpenFolder));
  const UniqueFd file = TRY(os::open_at(folder.get(), "secret", O_WRONLY | O_CREAT | O_EXCL,
                                        os::Resolve::anywhere, kOpenFile));
  TRY(os::change_mode(file.get(), kOpenFile));
  TRY(os::write_all(file.get(), witness.secret_));
  Guarded guarded{witness.folder_, witness.secret_, witness.mark_, TRY(os::listen_abstract(name)),
                  TRY(os::listen_tcp({.bytes = {127, 0, 0, 1}}))};
  witness.port_ = TRY(os::local_port(guarded.port.get()));
  auto ask = TRY(os::make_pipe());
  auto answer = TRY(os::make_pipe());
  witness.process_ = TRY(os::fork_into(0, [&] {
    ask.writer.reset();
    answer.reader.reset();
    return watch(guarded, ask.reader, answer.writer);
  }));
  witness.ask_ = std::move(ask.writer);
  witness.answer_ = std::move(answer.reader);
  return witness;
}

Result<std::string> Witness::end() {
  TRY_CONTEXT(os::write_all(ask_.get(), "?"), "the witness is gone");
  std::string text = TRY(os::read_all(answer_.get(), kMaxText));
  (void)process_.reap(os::Process::Wait::yes);
  if (!text.ends_with('\n')) return Error(ErrorKind::closed, "the witness is gone");
  text.pop_back();
  return text;
}

}  // namespace glovebox::cli
