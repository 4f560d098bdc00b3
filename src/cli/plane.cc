#include "cli/plane.h"

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "cli/loopback_port.h"
#include "cli/message.h"
#include "codec/json.h"
#include "net/loop.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/landlock.h"
#include "os/limits.h"
#include "os/process.h"
#include "plane/credential.h"
#include "plane/plane.h"
#include "plane/rehearsal_folder.h"
#include "plane/server.h"
#include "seccomp/filter.h"

namespace glovebox::cli {
namespace {

constexpr std::uint64_t kMaxFaultsFile = 1 << 20;

Result<void> add_faults(plane::Plane& plane, const std::string& path) {
  const std::string text = TRY_CONTEXT(os::read_file(path, kMaxFaultsFile), path);
  const codec::Json rules = TRY_CONTEXT(codec::parse_json(text), path);
  const plane::Answer<void> added = plane.add_faults(rules);
  if (!added) return Error(ErrorKind::invalid, path + ": " + added.error().message);
  return {};
}

// From here on it serves: no file, no program, no right that its user has besides.
Result<void> confine() {
  constexpr std::uint64_t kOpenFiles = 16'384;
  TRY(os::raise_soft_limit(os::Resource::files, kOpenFiles));
  const seccomp::CompiledFilter filter = TRY(seccomp::compile_builtin("role-plane"));
  TRY(os::set_not_dumpable());
  TRY(os::keep_only({}));
  TRY(os::set_no_new_privileges());
  const os::Landlock landlock = TRY_CONTEXT(os::Landlock::make(os::landlock_abi(), {}), "Landlock");
  TRY_CONTEXT(landlock.restrict_self(), "Landlock");
  return os::load_filter(filter.program);
}

}  // namespace

ExitCode run_plane(const PlaneOptions& options) {
  const Result<LoopbackPort> where = parse_loopback_port(options.listen);
  if (!where)
    return fail(ExitCode::usage,
                "--listen: " + where.error().message() +
                    "\nhint: a plane has fixed credentials, so it serves this host only");
  plane::Rehearsals rehearsals;
  if (options.rehearsals) {
    Result<plane::Rehearsals> read = plane::read_rehearsal_folder(*options.rehearsals);
    if (!read)
      return fail(read.error().kind() == ErrorKind::invalid ? ExitCode::invalid_file
                                                            : ExitCode::unconfigured,
                  read.error().message());
    rehearsals = *std::move(read);
  }
  const SystemClock clock;
  SystemRandom random;
  plane::PlaneSettings settings;
  settings.ttl = options.ttl;
  settings.pages.most = options.page;
  plane::Plane plane(clock, random, std::move(settings), std::move(rehearsals));
  if (options.faults)
    if (const Result<void> added = add_faults(plane, *options.faults); !added)
      return fail(ExitCode::invalid_file, added.error().message());

  Result<std::unique_ptr<net::Loop>> loop = net::Loop::make(clock);
  if (!loop) return fail(ExitCode::bug, loop.error().message());
  const auto server = plane::PlaneServer::start(**loop, plane, where->address, where->port);
  if (!server) return fail(ExitCode::host_lacks, server.error().message());
  if (const Result<void> confined = confine(); !confined)
    return fail(ExitCode::host_lacks, "plane: " + confined.error().message());
  const std::string line = codec::to_json(
      codec::Json::object({{"base_url", (*server)->base_url()},
                           {"api_key", plane::kApiKey},
                           {"environment_id", plane::kFirstEnvironment},
                           {"environment_key", plane::environment_key(plane::kFirstEnvironment)}}));
  if (const Result<void> told = os::write_all(STDOUT_FILENO, line + "\n"); !told)
    return fail(ExitCode::bug, told.error().message());
  const Result<void> served = (*loop)->run();
  return served ? ExitCode::done : fail(ExitCode::bug, served.error().message());
}

}  // namespace glovebox::cli
