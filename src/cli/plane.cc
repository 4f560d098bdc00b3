#include "cli/plane.h"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <format>
#include <memory>
#include <optional>
#include <print>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "codec/cidr.h"
#include "codec/json.h"
#include "net/loop.h"
#include "os/file.h"
#include "plane/credential.h"
#include "plane/page.h"
#include "plane/plane.h"
#include "plane/rehearsal_folder.h"
#include "plane/server.h"
#include "plane/work_queue.h"

namespace glovebox::cli {
namespace {

constexpr std::uint64_t kMaxFaultsFile = 1 << 20;

ExitCode fail(ExitCode code, std::string_view message, std::string_view hint = "") {
  std::println(stderr, "glovebox: error: plane: {}", message);
  if (!hint.empty()) std::println(stderr, "hint: {}", hint);
  return code;
}

struct ListenAddress {
  codec::IpAddress address;
  std::uint16_t port;
};

Result<ListenAddress> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return Error(ErrorKind::invalid, "--listen is ADDRESS:PORT");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size())
    return Error(ErrorKind::invalid, "--listen: the port is a number up to 65535");
  codec::IpAddress address = TRY_CONTEXT(codec::IpAddress::parse(host), "--listen");
  if (!address.is_loopback())
    return Error(ErrorKind::denied, std::format("--listen: {} is not a loopback address", host));
  return ListenAddress{address, port};
}

Result<void> add_faults(plane::Plane& plane, const std::string& path) {
  const std::string text = TRY_CONTEXT(os::read_file(path, kMaxFaultsFile), path);
  const codec::Json rules = TRY_CONTEXT(codec::parse_json(text), path);
  const plane::Answer<void> added = plane.add_faults(rules);
  if (!added) return Error(ErrorKind::invalid, path + ": " + added.error().message);
  return {};
}

}  // namespace

ExitCode run_plane(const PlaneOptions& options) {
  const Result<ListenAddress> where = parse_listen(options.listen);
  if (!where)
    return fail(ExitCode::usage, where.error().message(),
                "a plane has fixed credentials, so it serves this host only: 127.0.0.1:0");
  plane::Rehearsals rehearsals;
  if (!options.rehearsals.empty()) {
    Result<plane::Rehearsals> read = plane::read_rehearsal_folder(options.rehearsals);
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
  if (!options.faults.empty())
    if (const Result<void> added = add_faults(plane, options.faults); !added)
      return fail(ExitCode::invalid_file, added.error().message());

  Result<std::unique_ptr<net::Loop>> loop = net::Loop::make(clock);
  if (!loop) return fail(ExitCode::bug, loop.error().message());
  const auto server = plane::PlaneServer::start(**loop, plane, where->address, where->port);
  if (!server) return fail(ExitCode::host_lacks, server.error().message());
  const std::string line = codec::to_json(codec::Json::object(
      {{"base_url", (*server)->base_url()},
       {"api_key", plane::kApiKey},
       {"environment_id", plane::kFirstEnvironment},
       {"environment_key", plane::environment_key(plane::kFirstEnvironment)}}));
  if (const Result<void> told = os::write_all(STDOUT_FILENO, line + "\n"); !told)
    return fail(ExitCode::bug, told.error().message());
  const Result<void> served = (*loop)->run();
  return served ? ExitCode::done : fail(ExitCode::bug, served.error().message());
}

ExitCode plane_command(std::span<const std::string> arguments) {
  PlaneOptions options;
  const auto number = [](const std::string& text, std::int64_t most) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || value < 1 || value > most) return std::nullopt;
    return value;
  };
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    if (i + 1 == arguments.size()) return fail(ExitCode::usage, name + " needs a value");
    const std::string& value = arguments[i + 1];
    if (name == "--listen") {
      options.listen = value;
    } else if (name == "--rehearsals") {
      options.rehearsals = value;
    } else if (name == "--faults") {
      options.faults = value;
    } else if (name == "--ttl") {
      const auto ttl = number(value, plane::kMaxTtl.count());
      if (!ttl) return fail(ExitCode::usage, "--ttl is a number of seconds from 1 to 3600");
      options.ttl = seconds(*ttl);
    } else if (name == "--page") {
      const auto page = number(value, plane::kMaxPageLimit);
      if (!page) return fail(ExitCode::usage, "--page is a number from 1 to 1000");
      options.page = static_cast<std::size_t>(*page);
    } else {
      return fail(ExitCode::usage, std::format("no such option: {}", name));
    }
  }
  return run_plane(options);
}

}  // namespace glovebox::cli
