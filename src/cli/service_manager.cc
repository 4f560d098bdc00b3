#include "cli/service_manager.h"

#include <charconv>
#include <cstdint>
#include <format>
#include <string>
#include <system_error>
#include <utility>

#include "cli/process_secrets.h"
#include "os/notify.h"
#include "os/process.h"

namespace glovebox::cli {

namespace {

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || number <= 0) return {};
  return number;
}

// None of it is for a process that we start.
std::string take(const char* name) {
  const Secret value = take_variable(name);
  return std::string(value.reveal());
}

}  // namespace

ServiceManager::ServiceManager(const Clock& clock) : clock_(clock) {
  const std::string address = take("NOTIFY_SOCKET");
  const auto interval = number_of(take("WATCHDOG_USEC"));
  const std::string whom = take("WATCHDOG_PID");
  if (address.empty()) return;
  auto socket = os::connect_notify(address);
  if (!socket) return;
  socket_ = *std::move(socket);
  if (interval && (whom.empty() || number_of(whom) == os::own_pid()))
    every_ = microseconds(*interval) / 2;
}

void ServiceManager::say(std::string_view message) {
  if (socket_.valid()) (void)os::send_notify(socket_.get(), message);
}

void ServiceManager::ready(std::string_view status) {
  say(std::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::status(std::string_view status) {
  say(std::format("STATUS={}", status));
}

// Type=notify-reload wants to know when it began.
void ServiceManager::reloading() {
  say(std::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reading its files again",
                  clock_.monotonic() / microseconds(1)));
}

void ServiceManager::stopping(std::string_view status) {
  say(std::format("STOPPING=1\nSTATUS={}", status));
}

std::optional<Duration> ServiceManager::watchdog() {
  if (!every_) return {};
  const Duration now = clock_.monotonic();
  if (now >= next_) {
    say("WATCHDOG=1");
    next_ = now + *every_;
  }
  return next_ - now;
}

}  // namespace glovebox::cli
