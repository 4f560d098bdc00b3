#include "box/plan_wire.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "codec/digest.h"
#include "codec/dns_message.h"
#include "ipc/wire.h"

namespace glovebox::box {

namespace {

using ipc::kMaxBlob;
using ipc::kMaxName;
using ipc::kMaxText;
using ipc::Reader;
using ipc::Writer;

constexpr std::size_t kMaxPath = 4096;
constexpr std::uint32_t kModeBits = 07777;
constexpr std::uint64_t kInstruction = 8;  // bytes of a BPF instruction

template <class E>
void write_choice(Writer& writer, E value) {
  writer.number(static_cast<std::uint8_t>(value));
}

Error refused(std::string_view what) {
  return Error(ErrorKind::protocol, "plan: " + std::string(what));
}

Result<std::string> read_path(Reader& reader) {
  std::string path = TRY(reader.text(kMaxPath));
  if (!path.starts_with('/')) return refused("path is not absolute");
  if (path.find('\0') != std::string::npos) return refused("path with a NUL byte");
  return path;
}

void write_mount(Writer& writer, const MountEntry& entry) {
  write_choice(writer, entry.kind);
  writer.text(entry.at).text(entry.source);
  write_choice(writer, entry.access);
  write_choice(writer, entry.execution);
  write_choice(writer, entry.presence);
  writer.number(entry.size).number(entry.inodes).number(entry.mode);
  writer.number(static_cast<std::uint8_t>(entry.identity ? 1 : 0));
  if (entry.identity) writer.number(entry.identity->device).number(entry.identity->inode);
}

Result<MountEntry> read_mount(Reader& reader) {
  MountEntry entry;
  entry.kind = TRY(reader.choice(MountKind::mask));
  entry.at = TRY(read_path(reader));
  entry.source = TRY(reader.text(kMaxText));
  entry.access = TRY(reader.choice(Access::read_write));
  entry.execution = TRY(reader.choice(Execution::allowed));
  entry.presence = TRY(reader.choice(Presence::if_present));
  entry.size = TRY(reader.number<std::uint64_t>());
  entry.inodes = TRY(reader.number<std::uint64_t>());
  entry.mode = TRY(reader.number<std::uint32_t>());
  if ((entry.mode & ~kModeBits) != 0) return refused("mode with unknown bits");
  if (TRY(reader.flag())) {
    FileIdentity identity;
    identity.device = TRY(reader.number<std::uint64_t>());
    identity.inode = TRY(reader.number<std::uint64_t>());
    entry.identity = identity;
  }
  const bool from_host = entry.kind == MountKind::bind || entry.kind == MountKind::device ||
                         entry.kind == MountKind::inner_bind;
  if (from_host && !entry.source.starts_with('/')) return refused("source is not absolute");
  return entry;
}

void write_limits(Writer& writer, const PlannedLimits& limits) {
  writer.signed_number(limits.wall.count()).signed_number(limits.cpu.count());
  writer.number(limits.cores).number(limits.processes).number(limits.files);
  writer.number(limits.memory).number(limits.disk).number(limits.tmp).number(limits.output);
  write_choice(writer, limits.memory_by);
  write_choice(writer, limits.cpu_by);
  write_choice(writer, limits.disk_by);
}

Result<milliseconds> read_time(Reader& reader) {
  const std::int64_t value = TRY(reader.signed_number());
  if (value < 0 || milliseconds(value) > policy::kMaxTime) return refused("time out of range");
  return milliseconds(value);
}

Result<PlannedLimits> read_limits(Reader& reader) {
  PlannedLimits limits;
  limits.wall = TRY(read_time(reader));
  limits.cpu = TRY(read_time(reader));
  limits.cores = TRY(reader.number<std::uint32_t>());
  limits.processes = TRY(reader.number<std::uint32_t>());
  limits.files = TRY(reader.number<std::uint32_t>());
  limits.memory = TRY(reader.number<std::uint64_t>());
  limits.disk = TRY(reader.number<std::uint64_t>());
  limits.tmp = TRY(reader.number<std::uint64_t>());
  limits.output = TRY(reader.number<std::uint64_t>());
  limits.memory_by = TRY(reader.choice(Enforced::watched));
  limits.cpu_by = TRY(reader.choice(Enforced::watched));
  limits.disk_by = TRY(reader.choice(Enforced::watched));
  return limits;
}

template <class T>
void write_count(Writer& writer, const T& list) {
  writer.number(static_cast<std::uint32_t>(list.size()));
}

// Not as a choice: the ladder counts from 1.
Result<Rung> read_rung(Reader& reader) {
  const Rung rung = TRY(reader.choice(Rung::without_user_namespaces));
  if (rung < Rung::unprivileged) return refused("unknown rung");
  return rung;
}

}  // namespace

void write_egress(Writer& writer, const EgressPlan& egress) {
  write_count(writer, egress.ports);
  for (const std::uint16_t port : egress.ports) writer.number(port);
  writer.text(egress.rules).text(egress.trust);
}

Result<EgressPlan> read_egress(Reader& reader) {
  EgressPlan egress;
  const std::size_t ports = TRY(reader.count());
  if (ports > policy::kMostEgressPorts) return refused("too many ports");
  for (std::size_t i = 0; i < ports; ++i) {
    const auto port = TRY(reader.number<std::uint16_t>());
    if (port == 0 || port == codec::kDnsPort || (i > 0 && port <= egress.ports.back()))
      return refused("ports that are not ascending");
    egress.ports.push_back(port);
  }
  egress.rules = TRY(reader.text(kMaxName));
  egress.trust = TRY(reader.text(kMaxPath));
  return egress;
}

std::string encode_plan(const BoxPlan& plan) {
  Writer writer;
  writer.text(plan.tool).text(plan.profile).text(plan.rule);
  write_choice(writer, plan.rung);
  writer.number(plan.layers.bits());
  writer.number(plan.ids.inside).number(plan.ids.outside_uid).number(plan.ids.outside_gid);
  writer.text(plan.hostname);
  write_count(writer, plan.mounts);
  for (const MountEntry& entry : plan.mounts) write_mount(writer, entry);
  write_guard_rules(writer, plan.guards);
  write_count(writer, plan.environment);
  for (const auto& [name, value] : plan.environment) writer.text(name).text(value);
  writer.text(plan.directory).text(plan.host_workdir);
  write_count(writer, plan.landlock);
  for (const LandlockRule& rule : plan.landlock) {
    writer.text(rule.path);
    write_choice(writer, rule.rights);
  }
  writer.number(static_cast<std::uint32_t>(plan.landlock_abi));
  writer.text(plan.filter_name).text(plan.filter).text(plan.filter_digest);
  write_limits(writer, plan.limits);
  write_choice(writer, plan.cgroups);
  write_choice(writer, plan.background);
  writer.number(static_cast<std::uint8_t>(plan.egress ? 1 : 0));
  if (plan.egress) write_egress(writer, *plan.egress);
  write_choice(writer, plan.command.kind);
  write_count(writer, plan.command.argv);
  for (const std::string& argument : plan.command.argv) writer.text(argument);
  return writer.take();
}

Result<BoxPlan> decode_plan(std::string_view bytes) {
  Reader reader(bytes);
  BoxPlan plan;
  plan.tool = TRY(reader.text(kMaxName));
  plan.profile = TRY(reader.text(kMaxName));
  plan.rule = TRY(reader.text(kMaxText));
  plan.rung = TRY(read_rung(reader));
  const auto layers = TRY(reader.number<std::uint32_t>());
  plan.layers = LayerSet::from_bits(layers);
  if (plan.layers.bits() != layers) return refused("unknown layer");
  plan.ids.inside = TRY(reader.number<std::uint32_t>());
  plan.ids.outside_uid = TRY(reader.number<std::uint32_t>());
  plan.ids.outside_gid = TRY(reader.number<std::uint32_t>());
  plan.hostname = TRY(reader.text(kMaxName));
  for (std::size_t left = TRY(reader.count()); left > 0; --left)
    plan.mounts.push_back(TRY(read_mount(reader)));
  plan.guards = TRY(read_guard_rules(reader));
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    std::string name = TRY(reader.text(kMaxName));
    std::string value = TRY(reader.text(kMaxText));
    plan.environment.emplace_back(std::move(name), std::move(value));
  }
  plan.directory = TRY(read_path(reader));
  plan.host_workdir = TRY(reader.text(kMaxPath));
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    LandlockRule rule;
    rule.path = TRY(read_path(reader));
    rule.rights = TRY(reader.choice(FileRights::device));
    plan.landlock.push_back(std::move(rule));
  }
  const auto abi = TRY(reader.number<std::uint32_t>());
  if (abi > 1000) return refused("Landlock ABI out of range");
  plan.landlock_abi = static_cast<int>(abi);
  plan.filter_name = TRY(reader.text(kMaxPath));
  plan.filter = TRY(reader.text(kMaxBlob));
  if (plan.filter.size() % kInstruction != 0) return refused("filter of a wrong size");
  plan.filter_digest = TRY(reader.text(kMaxName));
  // What is loaded is what was proved, and what the records name.
  const bool no_filter = plan.filter.empty() && plan.filter_digest.empty();
  if (!no_filter && codec::sha256(plan.filter).hex() != plan.filter_digest)
    return refused("a filter that is not the one of its digest");
  plan.limits = TRY(read_limits(reader));
  plan.cgroups = TRY(reader.choice(CgroupMode::v2_bare));
  plan.background = TRY(reader.choice(Background::keep));
  if (TRY(reader.flag())) plan.egress = TRY(read_egress(reader));
  plan.command.kind = TRY(reader.choice(CommandKind::function));
  for (std::size_t left = TRY(reader.count()); left > 0; --left)
    plan.command.argv.push_back(TRY(reader.text(kMaxBlob)));
  TRY(reader.finish());
  return plan;
}

}  // namespace glovebox::box
