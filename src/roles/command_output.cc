#include "roles/command_output.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "os/file.h"
#include "os/limits.h"
#include "os/process.h"
#include "roles/secret_file.h"
#include "roles/trusted_file.h"

namespace glovebox::roles {

namespace {

constexpr int kInput = 0, kOutput = 1, kComplaint = 2;
constexpr int kNotRun = 127;  // as a shell says it

// Reads one of the program's pipes as it fills, never for longer than there is something.
class Reader {
 public:
  Reader(UniqueFd fd, std::size_t limit) : fd_(std::move(fd)), limit_(limit) {}
  ~Reader() { zero_memory(bytes_.data(), bytes_.size()); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  bool over() const { return over_; }
  std::string& bytes() { return bytes_; }
  // Call when fd() is readable. What goes over the limit is thrown away.
  void read() {
    std::array<char, 4096> block;
    const auto got = os::read_some(fd_.get(), block.data(), block.size());
    if (!got || *got == 0) return fd_.reset();
    const std::size_t taken = std::min(*got, limit_ - bytes_.size());
    over_ = over_ || taken < *got;
    bytes_.append(block.data(), taken);
    zero_memory(block.data(), *got);
  }

 private:
  UniqueFd fd_;
  std::size_t limit_;
  std::string bytes_;
  bool over_ = false;
};

// In the child, which has the caller's memory and nothing else to lose: becomes the program.
int become_program(const std::string& program, const std::vector<std::string>& words, int output,
                   int complaint) {
  const auto set_up = [&]() -> Result<void> {
    TRY(os::new_session());  // a group of its own, and no terminal
    TRY(os::die_with_parent());
    const UniqueFd null = TRY(os::open_path("/dev/null", O_RDONLY));
    TRY(os::place_fd(null.get(), kInput));
    TRY(os::place_fd(output, kOutput));
    TRY(os::place_fd(complaint, kComplaint));
    TRY(os::close_others({}));
    TRY(os::set_limit(os::Resource::core, 0));
    TRY(os::change_folder(TRY(os::open_path("/", O_PATH | O_DIRECTORY)).get()));
    return os::reset_signals();
  };
  Result<void> ready = set_up();
  const Error error =
      ready ? os::execute(program, words, {std::format("PATH={}", kCommandPath), "LANG=C.UTF-8"})
            : std::move(ready).error();
  (void)os::write_all(kComplaint, error.message());
  return kNotRun;
}

struct Running {
  os::Process process;
  Reader output, complaint;
};

// Until the program has ended, was ended, or nobody waits any more.
Result<os::ExitFacts> watch(Running& run, Duration deadline, int owner) {
  const SystemClock clock;
  while (true) {
    const Duration left = deadline - clock.monotonic();
    if (left <= Duration::zero()) return Error(ErrorKind::timeout, "was ended, it took too long");
    std::vector<os::Poll> polls = {{.fd = run.process.pidfd()}, {.fd = owner}};
    for (const Reader* reader : {&run.output, &run.complaint})
      if (reader->open()) polls.push_back({.fd = reader->fd()});
    TRY(os::poll_fds(polls, std::chrono::ceil<milliseconds>(left)));
    if (polls[1].readable) return Error(ErrorKind::cancelled, "nobody waits for it");
    for (Reader* reader : {&run.output, &run.complaint})
      if (reader->open() && std::ranges::any_of(polls, [&](const os::Poll& poll) {
            return poll.fd == reader->fd() && poll.readable;
          }))
        reader->read();
    if (run.output.over())
      return Error(ErrorKind::limit, std::format("prints more than {} bytes", kCommandOutput));
    if (!polls[0].readable) continue;
    if (const auto facts = TRY(run.process.reap(os::Process::Wait::no))) return *facts;
  }
}

// What is still in a pipe after everybody who could write to it has ended. Does not wait: the
// program may have passed its end of it to somebody who lives.
void drain(Reader& reader) {
  while (reader.open()) {
    std::vector<os::Poll> polls = {{.fd = reader.fd()}};
    const auto ready = os::poll_fds(polls, milliseconds(0));
    if (!ready || !*ready) return;
    reader.read();
  }
}

Result<Secret> secret_of(const os::ExitFacts& facts, Reader& output) {
  if (facts.signalled || facts.code != 0)
    return Error(ErrorKind::io, std::format("ended with {} {}",
                                            facts.signalled ? "signal" : "status", facts.code));
  if (output.over())
    return Error(ErrorKind::limit, std::format("prints more than {} bytes", kCommandOutput));
  Secret secret = trimmed_secret(std::move(output.bytes()));
  if (secret.empty()) return Error(ErrorKind::invalid, "printed nothing");
  for (const char c : secret.reveal())
    if (c == '\n' || c == '\r' || c == '\0')
      return Error(ErrorKind::invalid, "printed more than one line");
  return secret;
}

void hide(std::string& text, std::string_view secret) {
  constexpr std::string_view kMark = "(not shown)";
  if (secret.empty()) return;
  for (std::size_t at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + kMark.size()))
    text.replace(at, secret.size(), kMark);
}

}  // namespace

CommandAnswer run_for_secret(const std::vector<std::string>& words, milliseconds patience,
                             int owner) {
  const Duration deadline = SystemClock().monotonic() + patience;
  std::string said;
  Result<Secret> secret = [&]() -> Result<Secret> {
    const std::string program = TRY(trusted_program(words.front()));
    os::Pipe output = TRY(os::make_pipe());
    os::Pipe complaint = TRY(os::make_pipe());
    Running run{.process = TRY(os::fork_into(0,
                                             [&] {
                                               return become_program(program, words,
                                                                     output.writer.get(),
                                                                     complaint.writer.get());
                                             })),
                .output = Reader(std::move(output.reader), kCommandOutput),
                .complaint = Reader(std::move(complaint.reader), kCommandComplaint)};
    output.writer.reset();
    complaint.writer.reset();
    const pid_t group = run.process.pid();
    const auto facts = watch(run, deadline, owner);
    // The group first, while its number is still that of a child of ours, dead or alive.
    (void)os::kill_group(group);
    run.process.end();
    TRY(os::end_children());
    drain(run.output);
    drain(run.complaint);
    said = std::move(run.complaint.bytes());
    if (!facts) return facts.error();
    Result<Secret> taken = secret_of(*facts, run.output);
    if (taken) {
      hide(said, taken->reveal());
      hide(said, taken->reveal().substr(taken->reveal().find(':') + 1));
    }
    return taken;
  }();
  if (!secret) return {std::move(secret).error().with_context(words.front()), std::move(said)};
  return {std::move(secret), std::move(said)};
}

}  // namespace glovebox::roles
