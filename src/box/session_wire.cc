#include "box/session_wire.h"

#include "box/plan_wire.h"
#include "ipc/wire.h"

namespace glovebox::box {

using ipc::kMaxBlob;
using ipc::kMaxName;
using ipc::kMaxText;
using ipc::Reader;
using ipc::Writer;

std::string MakeBox::encode() const {
  Writer writer;
  writer.number(number).number(static_cast<std::uint8_t>(start)).text(plan).text(guarded);
  return writer.take();
}

Result<MakeBox> MakeBox::decode(std::string_view body) {
  Reader reader(body);
  MakeBox message;
  message.number = TRY(reader.number<std::uint64_t>());
  message.start = TRY(reader.choice(BoxStart::waiting));
  message.plan = TRY(reader.text(kMaxBlob));
  message.guarded = TRY(reader.text(kMaxBlob));
  TRY(reader.finish());
  return message;
}

std::string BoxMade::encode() const {
  return Writer().number(number).take();
}

Result<BoxMade> BoxMade::decode(std::string_view body) {
  Reader reader(body);
  BoxMade message;
  message.number = TRY(reader.number<std::uint64_t>());
  TRY(reader.finish());
  return message;
}

std::string BoxListens::encode() const {
  return Writer().number(number).take();
}

Result<BoxListens> BoxListens::decode(std::string_view body) {
  Reader reader(body);
  BoxListens message;
  message.number = TRY(reader.number<std::uint64_t>());
  TRY(reader.finish());
  return message;
}

std::string NetworkMade::encode() const {
  Writer writer;
  writer.number(number).text(profile);
  write_egress(writer, egress);
  return writer.take();
}

Result<NetworkMade> NetworkMade::decode(std::string_view body) {
  Reader reader(body);
  NetworkMade message;
  message.number = TRY(reader.number<std::uint64_t>());
  message.profile = TRY(reader.text(kMaxName));
  message.egress = TRY(read_egress(reader));
  TRY(reader.finish());
  return message;
}

std::string BoxRefused::encode() const {
  return Writer().number(number).text(why).take();
}

Result<BoxRefused> BoxRefused::decode(std::string_view body) {
  Reader reader(body);
  BoxRefused message;
  message.number = TRY(reader.number<std::uint64_t>());
  message.why = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

std::string BoxGone::encode() const {
  Writer writer;
  writer.number(number).number(static_cast<std::uint8_t>(exit.signalled ? 1 : 0));
  writer.signed_number(exit.code).signed_number(exit.cpu_us).signed_number(exit.peak_kib);
  writer.number(left);
  return writer.take();
}

Result<BoxGone> BoxGone::decode(std::string_view body) {
  Reader reader(body);
  BoxGone message;
  message.number = TRY(reader.number<std::uint64_t>());
  message.exit.signalled = TRY(reader.flag());
  message.exit.code = static_cast<int>(TRY(reader.signed_number()));
  message.exit.cpu_us = TRY(reader.signed_number());
  message.exit.peak_kib = TRY(reader.signed_number());
  message.left = TRY(reader.number<std::uint32_t>());
  TRY(reader.finish());
  return message;
}

std::string EndCall::encode() const {
  return Writer().number(number).take();
}

Result<EndCall> EndCall::decode(std::string_view body) {
  Reader reader(body);
  EndCall message;
  message.number = TRY(reader.number<std::uint64_t>());
  TRY(reader.finish());
  return message;
}

std::string Census::encode() const {
  Writer writer;
  writer.number(static_cast<std::uint32_t>(calls.size()));
  for (const Use& use : calls)
    writer.number(use.number).number(use.processes).number(use.memory).signed_number(use.cpu_us);
  return writer.take();
}

Result<Census> Census::decode(std::string_view body) {
  Reader reader(body);
  Census message;
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    Use use;
    use.number = TRY(reader.number<std::uint64_t>());
    use.processes = TRY(reader.number<std::uint32_t>());
    use.memory = TRY(reader.number<std::uint64_t>());
    use.cpu_us = TRY(reader.signed_number());
    message.calls.push_back(use);
  }
  TRY(reader.finish());
  return message;
}

std::string SessionRefused::encode() const {
  return Writer().text(why).take();
}

Result<SessionRefused> SessionRefused::decode(std::string_view body) {
  Reader reader(body);
  SessionRefused message;
  message.why = TRY(reader.text(kMaxText));
  TRY(reader.finish());
  return message;
}

}  // namespace glovebox::box
