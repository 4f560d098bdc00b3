#include "cli/selftest_guest.h"

#include <fcntl.h>

#include <array>
#include <format>
#include <functional>
#include <utility>

#include "cli/message.h"
#include "cli/process_secrets.h"
#include "cli/selftest_report.h"
#include "os/attempts.h"
#include "os/file.h"
#include "os/inet.h"
#include "os/limits.h"
#include "os/process.h"
#include "os/process_view.h"
#include "os/space.h"

namespace glovebox::cli {

namespace {

using codec::Json;
using codec::JsonArray;
using End = SelftestRow::End;

constexpr std::size_t kMaxText = 1 << 16;
constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

void say(const SelftestRow& row) {
  print_out(codec::to_json(to_json(row)) + "\n");
}

End end_of(os::AttemptEnd::Kind kind) {
  switch (kind) {
    case os::AttemptEnd::Kind::refused:
      return End::denied;
    case os::AttemptEnd::Kind::refused_otherwise:
      return End::odd;
    case os::AttemptEnd::Kind::through:
      return End::through;
    case os::AttemptEnd::Kind::not_made:
      return End::not_run;
  }
  return End::not_run;
}

void attempt(const os::Attempt& made, const std::string& argument, const std::string& what) {
  const os::AttemptEnd end = os::make_attempt(made, argument);
  say({std::string(made.id), what, end_of(end.kind), end.detail});
}

void attempt(const os::Attempt& made, const std::string& argument) {
  attempt(made, argument,
          argument.empty() ? std::string(made.what) : std::format("{}: {}", made.what, argument));
}

// One row for several arguments: all have to be refused.
void attempt_all(const os::Attempt& made, const std::vector<std::string>& arguments,
                 const std::string& what) {
  SelftestRow row{std::string(made.id), what, End::denied, {}};
  for (const std::string& argument : arguments) {
    const os::AttemptEnd end = os::make_attempt(made, argument);
    if (end.kind == os::AttemptEnd::Kind::refused) continue;
    if (row.end != End::through) row.end = end_of(end.kind);
    row.detail += std::format("{}{}{}", row.detail.empty() ? "" : ", ", argument,
                              end.detail.empty() ? "" : " " + end.detail);
  }
  if (arguments.empty()) row.end = End::not_run;
  if (row.detail.empty()) row.detail = std::format("{} of them", arguments.size());
  say(row);
}

void use(const std::string& what, const Result<void>& done) {
  say({"use", what, done ? End::works : End::broken, done ? "" : done.error().message()});
}

// What is wrong, or nothing.
using Look = std::function<Result<std::string>()>;

void look(std::string id, std::string what, const Look& see) {
  SelftestRow row{std::move(id), std::move(what), End::denied, {}};
  if (const auto wrong = see(); !wrong) {
    row.end = End::not_run;
    row.detail = wrong.error().message();
  } else if (!wrong->empty()) {
    row.end = End::through;
    row.detail = *wrong;
  }
  say(row);
}

// --- what the guest finds in its box

std::string field(std::string_view status, std::string_view name) {
  const auto at = status.find(std::format("\n{}:\t", name));
  if (at == std::string_view::npos) return {};
  status.remove_prefix(at + name.size() + 3);
  return std::string(status.substr(0, status.find('\n')));
}

Result<std::string> held_rights() {
  const std::string status = TRY(os::read_file("/proc/self/status", kMaxText));
  std::string wrong;
  for (const char* name : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    if (field(status, name).find_first_not_of('0') != std::string::npos)
      wrong += std::format("{} {} ", name, field(status, name));
  if (field(status, "NoNewPrivs") != "1") wrong += "may gain privileges ";
  if (field(status, "Seccomp") != "2") wrong += "no filter ";
  return wrong;
}

Result<std::string> open_descriptors() {
  const UniqueFd folder = TRY(os::open_path("/proc/self/fd", O_RDONLY | O_DIRECTORY));
  std::string wrong;
  for (const os::FolderEntry& entry : TRY(os::list_folder(folder.get(), kMaxText)))
    if (entry.name != "0" && entry.name != "1" && entry.name != "2" &&
        entry.name != std::to_string(folder.get()))
      wrong += entry.name + " ";
  return wrong;
}

Result<std::string> other_processes() {
  const UniqueFd proc = TRY(os::open_path("/proc", O_RDONLY | O_DIRECTORY));
  std::string wrong;
  for (const pid_t pid : os::processes_of(proc.get()))
    if (pid != 1 && pid != os::own_pid()) wrong += std::format("{} ", pid);
  return wrong;
}

Result<std::string> missing_limits() {
  std::string wrong;
  const std::array<std::pair<os::Resource, const char*>, 5> wanted = {{
      {os::Resource::processes, "processes"},
      {os::Resource::files, "open files"},
      {os::Resource::file_size, "file size"},
      {os::Resource::cpu_seconds, "processor time"},
      {os::Resource::locked_memory, "locked memory"},
  }};
  for (const auto& [resource, name] : wanted)
    if (os::limit_of(resource) == kNoLimit) wrong += std::format("{} ", name);
  if (os::limit_of(os::Resource::core) != 0) wrong += "core files ";
  return wrong;
}

Result<void> talk_on_loopback() {
  const UniqueFd listener = TRY(os::listen_tcp({.bytes = {127, 0, 0, 1}}));
  const std::uint16_t port = TRY(os::local_port(listener.get()));
  const UniqueFd client = TRY(os::start_connect({.bytes = {127, 0, 0, 1}, .port = port}));
  std::vector<os::Poll> polls = {{.fd = client.get(), .want_write = true}};
  constexpr milliseconds kPatience{5'000};
  if (!TRY(os::poll_fds(polls, kPatience))) return Error(ErrorKind::timeout, "no connection");
  TRY(os::finish_connect(client.get()));
  if (!TRY(os::accept_tcp(listener.get()))) return Error(ErrorKind::timeout, "nobody came");
  return {};
}

Result<void> write_and_read(const std::string& folder) {
  const UniqueFd place = TRY(os::open_path(folder, O_RDONLY | O_DIRECTORY));
  TRY(os::replace_file(place.get(), ".selftest", "text", 0600));
  const UniqueFd file = TRY(os::open_at(place.get(), ".selftest", O_RDONLY));
  const std::string text = TRY(os::read_all(file.get(), kMaxText));
  TRY(os::remove_file(place.get(), ".selftest"));
  if (text != "text") return Error(ErrorKind::invalid, "reads something else");
  return {};
}

// A folder that the policy gives for writing, or does not give.
void use_folder(const std::string& folder) {
  const bool given =
      os::make_attempt(os::kWriteBelow, folder).kind == os::AttemptEnd::Kind::through;
  if (given) return use("write and read in " + folder, write_and_read(folder));
  say({"use", "write and read in " + folder, End::absent, "not for writing under this policy"});
}

}  // namespace

Json GuestOrders::to_json() const {
  JsonArray unseen_list, unwritten_list;
  for (const std::string& path : unseen) unseen_list.emplace_back(path);
  for (const std::string& path : unwritten) unwritten_list.emplace_back(path);
  return Json::object({{"unseen", std::move(unseen_list)},
                       {"unwritten", std::move(unwritten_list)},
                       {"process", process},
                       {"port", port},
                       {"socket", socket},
                       {"variable", variable}});
}

Result<GuestOrders> GuestOrders::from_json(const Json& json) {
  GuestOrders orders;
  const auto list = [&](std::string_view key, std::vector<std::string>& to) {
    const JsonArray* values = json.get_array(key);
    if (values == nullptr) return false;
    for (const Json& value : *values)
      if (value.as_string() != nullptr) to.push_back(*value.as_string());
    return true;
  };
  const auto text = [&](std::string_view key, std::string& to) {
    const std::string* value = json.get_string(key);
    if (value != nullptr) to = *value;
    return value != nullptr;
  };
  if (!list("unseen", orders.unseen) || !list("unwritten", orders.unwritten) ||
      !text("process", orders.process) || !text("port", orders.port) ||
      !text("socket", orders.socket) || !text("variable", orders.variable))
    return Error(ErrorKind::invalid, "selftest: not the orders of a guest");
  return orders;
}

int run_selftest_guest(std::string_view text) {
  const auto json = codec::parse_json(text);
  const auto orders = json ? GuestOrders::from_json(*json) : Result<GuestOrders>(json.error());
  if (!orders) return to_int(fail(ExitCode::usage, orders.error().message()));
  // As it was started, before anything is opened or begun here.
  look("D11", "descriptors that nobody meant for it", open_descriptors);
  look("C05", "processes of others in sight", other_processes);
  look("C25", "rights that it holds or may gain", held_rights);
  look("D07", "variables of who started it",
       [&]() -> Result<std::string> { return variable(orders->variable.c_str()); });
  look("E19", "resources without a limit", missing_limits);
  use_folder("/workspace");
  use_folder("/tmp");
  use("a server on localhost", talk_on_loopback());
  attempt_all(os::kSeePath, orders->unseen, "files and folders of the host in sight");
  attempt_all(os::kWriteBelow, orders->unwritten, "folders of the host for writing");
  attempt(os::kEndProcess, orders->process, "end a process of the host");
  attempt(os::kConnectPort, orders->port, "reach a server of the host");
  attempt(os::kConnectAbstract, orders->socket, "reach an abstract socket of the host");
  for (const os::Attempt& one : os::kernel_attempts()) attempt(one, "");
  attempt(os::kTooManyThreads, "");
  say({"all", std::string(kLastRow), End::works, {}});
  return 0;
}

}  // namespace glovebox::cli
