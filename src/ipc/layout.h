// A message as the list of its fields: one line for each says how it is written and how it is read
// back, so that the two cannot differ. For the .cc files that define messages.
//
//   constexpr auto kFatal = layout(number(&Fatal::exit_code), text(&Fatal::message));
//   std::string Fatal::encode() const { return kFatal.encode(*this); }
//   Result<Fatal> Fatal::decode(std::string_view body) { return kFatal.decode(body); }
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ipc/wire.h"

namespace glovebox::ipc {

template <class M, class Write, class Read>
struct Field {
  using Message = M;
  Write write;  // (Writer&, const M&)
  Read read;    // (Reader&, M&) -> Result<void>
};

template <class M, class T, class Put, class Get>
constexpr auto field(T M::* member, Put put, Get get) {
  const auto write = [=](Writer& writer, const M& message) { put(writer, message.*member); };
  const auto read = [=](Reader& reader, M& message) -> Result<void> {
    message.*member = TRY(get(reader));
    return {};
  };
  return Field<M, decltype(write), decltype(read)>{write, read};
}

template <class M, std::unsigned_integral T>
constexpr auto number(T M::* member) {
  return field(
      member, [](Writer& writer, T value) { writer.number(value); },
      [](Reader& reader) { return reader.number<T>(); });
}
template <class M>
constexpr auto signed_number(std::int64_t M::* member) {
  return field(
      member, [](Writer& writer, std::int64_t value) { writer.signed_number(value); },
      [](Reader& reader) { return reader.signed_number(); });
}
// 0 or 1, nothing else.
template <class M>
constexpr auto flag(std::uint8_t M::* member) {
  return field(
      member, [](Writer& writer, std::uint8_t value) { writer.number(value); },
      [](Reader& reader) -> Result<std::uint8_t> { return TRY(reader.flag()) ? 1 : 0; });
}
// Of an enum that ends with `last`.
template <class M, class E>
constexpr auto choice(E M::* member, E last) {
  return field(
      member, [](Writer& writer, E value) { writer.number(static_cast<std::uint8_t>(value)); },
      [last](Reader& reader) { return reader.choice(last); });
}
template <class M>
constexpr auto bytes(std::string M::* member, std::size_t limit) {
  return field(
      member, [](Writer& writer, const std::string& value) { writer.text(value); },
      [limit](Reader& reader) { return reader.text(limit); });
}
template <class M>
constexpr auto name(std::string M::* member) {
  return bytes(member, kMaxName);
}
template <class M>
constexpr auto text(std::string M::* member) {
  return bytes(member, kMaxText);
}
template <class M>
constexpr auto blob(std::string M::* member) {
  return bytes(member, kMaxBlob);
}
// Bytes of their own in the message: their number, then each.
template <class M>
constexpr auto list(std::vector<std::string> M::* member) {
  return field(
      member,
      [](Writer& writer, const std::vector<std::string>& items) {
        Writer inner;
        inner.number(static_cast<std::uint32_t>(items.size()));
        for (const std::string& item : items) inner.text(item);
        writer.text(inner.take());
      },
      [](Reader& reader) -> Result<std::vector<std::string>> {
        const std::string whole = TRY(reader.text(kMaxBlob));
        Reader inner(whole);
        std::vector<std::string> items;  // grows with the bytes that are there, not with the count
        for (std::size_t left = TRY(inner.count()); left > 0; --left)
          items.push_back(TRY(inner.text(kMaxBlob)));
        TRY(inner.finish());
        return items;
      });
}

template <class M, class... Fields>
class Layout {
 public:
  constexpr explicit Layout(Fields... fields) : fields_(std::move(fields)...) {}

  std::string encode(const M& message) const {
    Writer writer;
    std::apply([&](const auto&... one) { (one.write(writer, message), ...); }, fields_);
    return writer.take();
  }
  // Error protocol: not what encode() gives.
  Result<M> decode(std::string_view body) const {
    Reader reader(body);
    M message;
    Result<void> done;
    const auto read = [&](const auto& one) {
      done = one.read(reader, message);
      return done.has_value();
    };
    (void)std::apply([&](const auto&... one) { return (read(one) && ...); }, fields_);
    if (!done) return done.error();
    TRY(reader.finish());
    return message;
  }

 private:
  std::tuple<Fields...> fields_;
};

template <class First, class... More>
constexpr auto layout(First first, More... more) {
  return Layout<typename First::Message, First, More...>(std::move(first), std::move(more)...);
}

}  // namespace glovebox::ipc
