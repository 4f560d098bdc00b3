#include "box/keeper_wire.h"

#include <string>
#include <utility>

#include "box/plan_wire.h"
#include "ipc/wire.h"

namespace glovebox::box {

using ipc::kMaxBlob;
using ipc::kMaxName;
using ipc::kMaxText;
using ipc::Reader;
using ipc::Writer;

std::string KeeperStart::encode() const {
  Writer writer;
  writer.text(session).text(places.workspace).text(places.outputs);
  writer.number(static_cast<std::uint8_t>(cgroup.mode)).text(cgroup.memory).text(cgroup.pids);
  writer.text(filter).number(static_cast<std::uint8_t>(ahead));
  return writer.take();
}

Result<KeeperStart> KeeperStart::decode(std::string_view body) {
  Reader reader(body);
  KeeperStart message;
  message.session = TRY(reader.text(kMaxName));
  message.places.workspace = TRY(reader.text(kMaxText));
  message.places.outputs = TRY(reader.text(kMaxText));
  message.cgroup.mode = TRY(reader.choice(CgroupMode::v2_bare));
  message.cgroup.memory = TRY(reader.text(kMaxText));
  message.cgroup.pids = TRY(reader.text(kMaxText));
  message.filter = TRY(reader.text(kMaxText));
  message.ahead = TRY(reader.choice(Ahead::boxes));
  TRY(reader.finish());
  return message;
}

std::string RunBox::encode() const {
  Writer writer;
  writer.number(ticket).text(plan).text(input);
  return writer.take();
}

Result<RunBox> RunBox::decode(std::string_view body) {
  Reader reader(body);
  RunBox message;
  message.ticket = TRY(reader.number<std::uint64_t>());
  message.plan = TRY(reader.text(kMaxBlob));
  message.input = TRY(reader.text(kMaxBlob));
  TRY(reader.finish());
  return message;
}

std::string PrepareBox::encode() const {
  return Writer().text(plan).take();
}

Result<PrepareBox> PrepareBox::decode(std::string_view body) {
  Reader reader(body);
  PrepareBox message;
  message.plan = TRY(reader.text(kMaxBlob));
  TRY(reader.finish());
  return message;
}

std::string StopBox::encode() const {
  Writer writer;
  writer.number(ticket).number(static_cast<std::uint8_t>(reason));
  return writer.take();
}

Result<StopBox> StopBox::decode(std::string_view body) {
  Reader reader(body);
  StopBox message;
  message.ticket = TRY(reader.number<std::uint64_t>());
  message.reason = TRY(reader.choice(StopReason::shutting_down));
  TRY(reader.finish());
  return message;
}

std::string BoxStarted::encode() const {
  return Writer().number(ticket).number(network).take();
}

Result<BoxStarted> BoxStarted::decode(std::string_view body) {
  Reader reader(body);
  BoxStarted message;
  message.ticket = TRY(reader.number<std::uint64_t>());
  message.network = TRY(reader.number<std::uint64_t>());
  TRY(reader.finish());
  return message;
}

namespace {

std::string encode_report(const RunReport& report) {
  Writer writer;
  writer.number(report.ticket).number(static_cast<std::uint8_t>(report.verdict.outcome));
  writer.signed_number(report.verdict.status).text(report.verdict.detail);
  writer.signed_number(report.usage.wall_us).signed_number(report.usage.cpu_us);
  writer.signed_number(report.usage.peak_kib);
  writer.number(static_cast<std::uint8_t>(report.is_error ? 1 : 0));
  writer.text(report.content).text(report.output_file).number(report.background);
  writer.number(static_cast<std::uint8_t>(report.start));
  write_guard_report(writer, report.guard);
  return writer.take();
}

Result<RunReport> decode_report(std::string_view body) {
  Reader reader(body);
  RunReport report;
  report.ticket = TRY(reader.number<std::uint64_t>());
  report.verdict.outcome = TRY(reader.choice(Outcome::audit_failed));
  report.verdict.status = static_cast<int>(TRY(reader.signed_number()));
  report.verdict.detail = TRY(reader.text(kMaxText));
  report.usage.wall_us = TRY(reader.signed_number());
  report.usage.cpu_us = TRY(reader.signed_number());
  report.usage.peak_kib = TRY(reader.signed_number());
  report.is_error = TRY(reader.flag());
  report.content = TRY(reader.text(kMaxBlob));
  report.output_file = TRY(reader.text(kMaxName));
  report.background = TRY(reader.number<std::uint32_t>());
  report.start = TRY(reader.choice(BoxStart::waiting));
  report.guard = TRY(read_guard_report(reader));
  TRY(reader.finish());
  return report;
}

}  // namespace

std::string BoxAnswered::encode() const {
  return encode_report(report);
}

Result<BoxAnswered> BoxAnswered::decode(std::string_view body) {
  return BoxAnswered{TRY(decode_report(body))};
}

std::string BoxDone::encode() const {
  return encode_report(report);
}

Result<BoxDone> BoxDone::decode(std::string_view body) {
  return BoxDone{TRY(decode_report(body))};
}

std::string NetworkOpened::encode() const {
  Writer writer;
  writer.number(network).number(static_cast<std::uint8_t>(shared ? 1 : 0)).text(profile);
  write_egress(writer, egress);
  return writer.take();
}

Result<NetworkOpened> NetworkOpened::decode(std::string_view body) {
  Reader reader(body);
  NetworkOpened message;
  message.network = TRY(reader.number<std::uint64_t>());
  message.shared = TRY(reader.flag());
  message.profile = TRY(reader.text(kMaxName));
  message.egress = TRY(read_egress(reader));
  TRY(reader.finish());
  return message;
}

std::string NetworkClosed::encode() const {
  return Writer().number(network).take();
}

Result<NetworkClosed> NetworkClosed::decode(std::string_view body) {
  Reader reader(body);
  NetworkClosed message;
  message.network = TRY(reader.number<std::uint64_t>());
  TRY(reader.finish());
  return message;
}

std::string CallsRefused::encode() const {
  Writer writer;
  writer.number(static_cast<std::uint32_t>(refusals.size()));
  for (const Refusal& refusal : refusals) {
    writer.number(refusal.ticket).number(static_cast<std::uint8_t>(refusal.late ? 1 : 0));
    writer.number(refusal.number);
    for (const std::uint64_t argument : refusal.arguments) writer.number(argument);
    writer.number(refusal.error).number(refusal.pid).text(refusal.process);
    writer.number(refusal.times).signed_number(refusal.first.microseconds);
    writer.signed_number(refusal.last.microseconds);
  }
  return writer.take();
}

Result<CallsRefused> CallsRefused::decode(std::string_view body) {
  Reader reader(body);
  CallsRefused message;
  const std::size_t count = TRY(reader.count());
  if (count > kMost) return Error(ErrorKind::protocol, "message: too many refused calls");
  for (std::size_t i = 0; i < count; ++i) {
    Refusal& refusal = message.refusals.emplace_back();
    refusal.ticket = TRY(reader.number<std::uint64_t>());
    refusal.late = TRY(reader.flag());
    refusal.number = TRY(reader.number<std::uint32_t>());
    for (std::uint64_t& argument : refusal.arguments)
      argument = TRY(reader.number<std::uint64_t>());
    refusal.error = TRY(reader.number<std::uint16_t>());
    refusal.pid = TRY(reader.number<std::uint32_t>());
    refusal.process = TRY(reader.text(kMaxName));
    refusal.times = TRY(reader.number<std::uint64_t>());
    refusal.first.microseconds = TRY(reader.signed_number());
    refusal.last.microseconds = TRY(reader.signed_number());
  }
  TRY(reader.finish());
  return message;
}

std::string KeeperEnded::encode() const {
  return Writer().number(background).take();
}

Result<KeeperEnded> KeeperEnded::decode(std::string_view body) {
  Reader reader(body);
  KeeperEnded message;
  message.background = TRY(reader.number<std::uint32_t>());
  TRY(reader.finish());
  return message;
}

}  // namespace glovebox::box
