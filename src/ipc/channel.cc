#include "ipc/channel.h"

#include "ipc/wire.h"
#include "os/memfd.h"
#include "os/socket.h"

namespace glovebox::ipc {

namespace {
enum class Carried : std::uint8_t { in_packet, in_memory_file };
constexpr std::size_t kHeader = 3;
}  // namespace

Result<void> Channel::send(std::uint16_t type, std::string_view body,
                           const std::vector<int>& fds) const {
  if (!open()) return Error(ErrorKind::closed, "channel is closed");
  if (body.size() > kMaxBlob + kMaxText) return Error(ErrorKind::limit, "message too large");
  const bool large = body.size() > kInlineBody;
  Writer writer;
  writer.number(type).number(
      static_cast<std::uint8_t>(large ? Carried::in_memory_file : Carried::in_packet));
  std::string packet = writer.take();
  if (!large) {
    packet.append(body);
    return os::send_packet(socket_.get(), packet, fds, kPatience);
  }
  const UniqueFd file = TRY(os::sealed_memfd("message", body));
  std::vector<int> all = {file.get()};
  all.insert(all.end(), fds.begin(), fds.end());
  return os::send_packet(socket_.get(), packet, all, kPatience);
}

Result<std::optional<Envelope>> Channel::receive() const {
  auto packet = TRY(os::receive_packet(socket_.get(), kInlineBody + kHeader));
  if (!packet) return std::optional<Envelope>{};
  Envelope envelope;
  Reader reader(packet->bytes);
  envelope.type = TRY(reader.number<std::uint16_t>());
  const auto carried = TRY(reader.choice(Carried::in_memory_file));
  envelope.fds = std::move(packet->fds);
  if (carried == Carried::in_packet) {
    envelope.body = packet->bytes.substr(kHeader);
    return std::optional<Envelope>(std::move(envelope));
  }
  if (packet->bytes.size() != kHeader || envelope.fds.empty())
    return Error(ErrorKind::protocol, "message: memory file missing");
  envelope.body = TRY(os::read_sealed_memfd(envelope.fds.front().get(), kMaxBlob + kMaxText));
  envelope.fds.erase(envelope.fds.begin());
  return std::optional<Envelope>(std::move(envelope));
}

Result<void> Channel::send_now(std::uint16_t type, std::string_view body) const {
  if (body.size() > kInlineBody) return Error(ErrorKind::limit, "message too large");
  Writer writer;
  writer.number(type).number(static_cast<std::uint8_t>(Carried::in_packet));
  std::string packet = writer.take();
  packet.append(body);
  return os::send_packet(socket_.get(), packet, {}, milliseconds(0));
}

Result<std::optional<Envelope>> Channel::receive_small(std::size_t limit) const {
  auto packet = TRY(os::receive_packet(socket_.get(), limit + kHeader));
  if (!packet) return std::optional<Envelope>{};
  if (!packet->fds.empty()) return Error(ErrorKind::protocol, "message: a descriptor");
  Envelope envelope;
  Reader reader(packet->bytes);
  envelope.type = TRY(reader.number<std::uint16_t>());
  if (TRY(reader.choice(Carried::in_memory_file)) != Carried::in_packet)
    return Error(ErrorKind::protocol, "message: a memory file");
  envelope.body = packet->bytes.substr(kHeader);
  return std::optional<Envelope>(std::move(envelope));
}

Result<ChannelPair> make_channel_pair() {
  auto sockets = TRY(os::make_message_pair());
  return ChannelPair{Channel(std::move(sockets.first)), Channel(std::move(sockets.second))};
}

}  // namespace glovebox::ipc
