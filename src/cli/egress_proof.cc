#include "cli/egress_proof.h"

#include <fcntl.h>

#include <array>
#include <format>
#include <optional>
#include <utility>
#include <vector>

#include "audit/log_reader.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/egress_proof_guest.h"
#include "cli/egress_proof_witness.h"
#include "cli/message.h"
#include "cli/single_call.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/memfd.h"
#include "os/process.h"

namespace glovebox::cli {

namespace {

using codec::Json;

constexpr int kStandardError = 2;
constexpr std::string_view kPrefix = "egress-proof-";
constexpr std::size_t kMostEntries = 4096;  // of the folder above
constexpr std::size_t kMaxAnswer = 1 << 20;
constexpr std::size_t kMaxComplaint = 4096;
constexpr std::uint64_t kMaxProgram = 1u << 30;
constexpr unsigned kSearchable = 0711, kPrivate = 0700, kPrivateFile = 0600;

std::string policy_in(const std::string& folder) {
  return folder + "/policy.toml";
}
std::string state_in(const std::string& folder) {
  return folder + "/state";
}

// A folder of one run. Its parts come to belong to the roles.
class Folder {
 public:
  static Result<Folder> make(const std::string& parent) {
    Folder folder;
    folder.parent_ = TRY_CONTEXT(os::open_path(parent, O_RDONLY | O_DIRECTORY), parent);
    if (auto entries = os::list_folder(folder.parent_.get(), kMostEntries))
      for (const os::FolderEntry& entry : *entries)
        if (entry.name.starts_with(kPrefix) && is_left(folder.parent_.get(), entry.name))
          (void)os::remove_tree(folder.parent_.get(), entry.name);
    SystemRandom random;
    constexpr std::size_t kNameBytes = 8;
    const std::string name = std::format("{}{}", kPrefix, random.hex(kNameBytes));
    // Under the name that others look for only once it is locked.
    folder.name_ = "." + name;
    TRY_CONTEXT(os::make_folder(folder.parent_.get(), folder.name_, kPrivate), parent);
    const UniqueFd made =
        TRY(os::open_at(folder.parent_.get(), folder.name_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    folder.lock_ = TRY(os::open_at(made.get(), "lock", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
                                   os::Resolve::anywhere, kPrivateFile));
    TRY(os::lock_exclusive(folder.lock_.get()));
    TRY(os::rename_at(folder.parent_.get(), folder.name_, folder.parent_.get(), name,
                      os::Replace::no));
    folder.name_ = name;
    folder.path_ = std::format("{}/{}", parent, name);
    TRY(os::change_mode(made.get(), os::effective_uid() == 0 ? kSearchable : kPrivate));
    return folder;
  }
  Folder(Folder&&) = default;
  Folder& operator=(Folder&&) = delete;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    if (parent_.valid()) (void)os::remove_tree(parent_.get(), name_);
  }
  const std::string& path() const { return path_; }

 private:
  Folder() = default;

  // Of a run of ours that nobody is at any more. Of others, in a place that all share, nothing is
  // touched.
  static bool is_left(int parent, const std::string& name) {
    const auto facts = os::facts_at(parent, name);
    if (!facts || facts->type != os::FileType::folder || facts->uid != os::effective_uid())
      return false;
    const auto lock = os::open_at(parent, name + "/lock", O_RDWR | O_NOFOLLOW);
    return lock && os::lock_exclusive(lock->get());
  }

  UniqueFd parent_, lock_;
  std::string name_, path_;
};

struct BoxOrders {
  std::string folder;
  std::uint16_t resolver = 0;
  Json scene;

  Json to_json() const {
    return Json::object({{"folder", folder}, {"resolver", resolver}, {"scene", scene}});
  }
  static Result<BoxOrders> from_json(const Json& json) {
    const std::string* folder = json.get_string("folder");
    const auto resolver = json.get_int("resolver");
    const Json* scene = json.get("scene");
    if (folder == nullptr || !resolver || *resolver < 1 || *resolver > 65'535 || scene == nullptr)
      return Error(ErrorKind::invalid, "egress proof: not the orders of a box");
    return BoxOrders{*folder, static_cast<std::uint16_t>(*resolver), *scene};
  }
};

// --- the process that makes the box

EgressOrder way_of(const BoxOrders& orders) {
  EgressOrder order;
  order.settings.resolvers = {{codec::IpAddress::v4({127, 0, 0, 1}), orders.resolver}};
  order.settings.proxy = "";
  return order;
}

// What the guest wrote.
Outcome<std::string> run_guest(const BoxOrders& orders) {
  auto policy = roles::read_policy(policy_in(orders.folder));
  if (!policy) return roles::failure(ExitCode::bug, policy.error());
  // Ourselves, as a program in memory: no file of the host has to be in the box.
  auto self = os::open_own_executable();
  if (!self) return self.error();
  auto bytes = os::read_all(self->get(), kMaxProgram);
  if (!bytes) return bytes.error();
  auto program = os::sealed_memfd("egress-proof", *bytes);
  auto answer = os::make_memfd("answer");
  auto errors = os::make_memfd("errors");
  if (!program) return program.error();
  if (!answer) return answer.error();
  if (!errors) return errors.error();
  SystemRandom random;
  const SystemClock clock;
  const Log log(kStandardError, "egress-proof", LogLevel::warning);
  auto single = TRY(SingleCall::start({.policy = *std::move(policy),
                                       .state = state_in(orders.folder),
                                       .workdir = {},
                                       .session = {},
                                       .environment = "local",
                                       .agent = "local",
                                       .egress = way_of(orders)},
                                      clock, log, random));
  CallOrder order;
  order.call = "egress-proof";
  order.tool = "bash";
  order.program = {"/proc/self/fd/0", std::string(kProofGuestWord), codec::to_json(orders.scene)};
  order.stdio = {program->get(), answer->get(), errors->get()};
  std::vector<OutputRelay> none;
  const ipc::CallDone done = TRY(single->run(order, none));
  TRY(single->finish());
  if (done.outcome == "setup_failed")
    return Failure{ExitCode::host_lacks, "the sandbox could not be made: " + done.detail};
  if (done.outcome != "finished" || done.status != 0)
    return Failure{
        ExitCode::host_lacks,
        std::format("the guest ended with {} {} {} {}", done.outcome, done.status, done.detail,
                    os::read_at(errors->get(), 0, kMaxComplaint).value_or(""))};
  auto text = os::read_at(answer->get(), 0, kMaxAnswer);
  if (!text) return text.error();
  return *std::move(text);
}

// --- who has it made

Result<std::string> read_until_end(int fd, const Clock& clock) {
  const Duration until = clock.monotonic() + kProofTime;
  std::string text;
  while (text.size() < kMaxAnswer) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - clock.monotonic());
    std::vector<os::Poll> polls = {{.fd = fd}};
    if (left <= milliseconds(0) || !TRY(os::poll_fds(polls, left)))
      return Error(ErrorKind::timeout,
                   std::format("it did not end within {} s", kProofTime.count()));
    std::array<char, 4096> buffer{};
    const std::size_t size = TRY(os::read_some(fd, buffer.data(), buffer.size()));
    if (size == 0) return text;
    text.append(buffer.data(), size);
  }
  return Error(ErrorKind::limit, "it says too much");
}

Outcome<std::vector<GuestEnd>> make_box(int program, const BoxOrders& orders, const Clock& clock) {
  const auto run = [&]() -> Result<Json> {
    os::Pipe out = TRY(os::make_pipe());
    const UniqueFd said = TRY(os::make_memfd("said"));
    const UniqueFd nothing = TRY(os::open_path("/dev/null", O_RDONLY));
    os::Process process = TRY(os::spawn(
        {.executable = program,
         .arguments = {"glovebox", std::string(kProofBoxWord), codec::to_json(orders.to_json())},
         .environment = {},
         .fds = {{nothing.get(), 0}, {out.writer.get(), 1}, {said.get(), 2}}}));
    out.writer.reset();
    const std::string text = TRY(read_until_end(out.reader.get(), clock));
    TRY(process.reap(os::Process::Wait::yes));
    auto json = codec::parse_json(text);
    if (!json)
      return Error(ErrorKind::closed, "its box ended early: " +
                                          os::read_at(said.get(), 0, kMaxComplaint).value_or(""));
    return json;
  };
  const auto told = run();
  if (!told) return roles::failure(ExitCode::host_lacks, told.error());
  if (const std::string* why = told->get_string("why")) {
    const auto code = told->get_int("code");
    return Failure{code ? static_cast<ExitCode>(*code) : ExitCode::bug, *why};
  }
  const std::string* text = told->get_string("ends");
  if (text == nullptr) return Failure{ExitCode::bug, "its box says nothing"};
  std::vector<GuestEnd> ends;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto json = codec::parse_json(line);
    auto end = json ? GuestEnd::from_json(*json) : Result<GuestEnd>(json.error());
    // Attempts of which nothing was said count as not made.
    if (end) ends.push_back(*std::move(end));
  }
  return ends;
}

Result<std::vector<Json>> records_in(const std::string& folder) {
  audit::LogReader log = TRY(audit::LogReader::open(state_in(folder) + "/audit"));
  std::vector<Json> records;
  while (const auto record = TRY(log.next()))
    records.push_back(TRY(codec::parse_json(record->bytes)));
  return records;
}

Outcome<> write_policy(const std::string& folder, const ProofScene& scene) {
  const auto write = [&]() -> Result<void> {
    const UniqueFd file = TRY(
        os::open_path(policy_in(folder), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kPrivateFile));
    return os::write_all(file.get(), proof_policy(scene));
  };
  if (auto written = write(); !written) return written.error();
  return {};
}

}  // namespace

roles::Outcome<ProofReport> prove_egress(const std::string& parent) {
  const SystemClock clock;
  const Duration begun = clock.monotonic();
  auto program = os::open_own_executable();
  if (!program) return program.error();
  const auto folder = Folder::make(parent);
  if (!folder) return roles::failure(ExitCode::host_lacks, folder.error());
  auto witness = ProofWitness::start(program->get());
  if (!witness) return roles::failure(ExitCode::host_lacks, witness.error(), "witness");
  TRY(write_policy(folder->path(), witness->scene()));
  const auto ends = TRY(make_box(
      program->get(), {folder->path(), witness->resolver(), witness->scene().to_json()}, clock));
  const auto witnessed = witness->end();
  if (!witnessed) return roles::failure(ExitCode::host_lacks, witnessed.error());
  const auto records = records_in(folder->path());
  if (!records) return roles::failure(ExitCode::host_lacks, records.error(), "the log");
  ProofReport report = judge_proof(witness->scene(), ends, *witnessed, *records);
  report.took = clock.monotonic() - begun;
  return report;
}

roles::EgressProof egress_proof(const std::string& parent) {
  auto report = prove_egress(parent);
  roles::EgressProof proof;
  if (report) {
    proof.members = proof_members(*report);
    proof.failed = why_not_proved(*report);
    return proof;
  }
  proof.failed = "it could not be made: " + report.error().message;
  proof.members.set("what", "egress.proof");
  proof.members.set("dec", "deny");
  proof.members.set("why", *proof.failed);
  return proof;
}

int run_proof_box(std::string_view text) {
  (void)os::die_with_parent();
  const auto json = codec::parse_json(text);
  const auto orders = json ? BoxOrders::from_json(*json) : Result<BoxOrders>(json.error());
  if (!orders) return to_int(fail(ExitCode::usage, orders.error().message()));
  const auto ends = run_guest(*orders);
  Json told =
      ends ? Json::object({{"ends", *ends}})
           : Json::object({{"why", ends.error().message}, {"code", to_int(ends.error().code)}});
  print_out(codec::to_json(told) + "\n");
  return to_int(ends ? ExitCode::done : ends.error().code);
}

}  // namespace glovebox::cli
