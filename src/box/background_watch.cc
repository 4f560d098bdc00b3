#include "box/background_watch.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "box/cgroup.h"
#include "os/file.h"

namespace glovebox::box {

namespace {

constexpr std::size_t kChunk = 64 * kKiB;
constexpr int kChunksAtOnce = 16;
// How much more of late output, and the oldest outputs go where there is too much of them.
constexpr std::uint64_t kTrimEvery = 16 * kMiB;

bool is_over(const Census::Use& use, const PlannedLimits& limits) {
  return use.memory > limits.memory || microseconds(use.cpu_us) > limits.cpu ||
         use.processes > limits.processes;
}

}  // namespace

bool LateOutput::read() {
  std::string buffer(kChunk, '\0');
  for (int chunk = 0; chunk < kChunksAtOnce; ++chunk) {
    const auto got = os::read_some(pipe_.get(), buffer.data(), buffer.size());
    if (!got) return true;  // nothing now
    if (*got == 0) return false;
    keep(std::string_view(buffer).substr(0, *got));
  }
  return true;
}

void LateOutput::keep(std::string_view bytes) {
  bytes = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), limit_ - written_));
  if (bytes.empty() || state_ == File::given_up) return;
  if (state_ == File::none) {
    auto made = store_->create_output(OutputKind::late);
    state_ = made ? File::open : File::given_up;
    if (!made) return;
    file_ = std::move(made->fd);
  }
  if (!os::write_all(file_.get(), bytes)) {
    state_ = File::given_up;
    return;
  }
  const bool trim = (written_ + bytes.size()) / kTrimEvery != written_ / kTrimEvery;
  written_ += bytes.size();
  if (!trim) return;
  (void)store_->trim_outputs();
  // It may have been the oldest itself.
  const auto facts = os::facts_of(file_.get());
  if (!facts || facts->links == 0) {
    file_.reset();
    state_ = File::given_up;
  }
}

void BackgroundWatch::add(LeftBehind left) {
  if (left.output) {
    late_.emplace_back(store_, std::move(left.output), left.limits.output);
    if (late_.size() > kMostCalls) late_.erase(late_.begin());
  }
  if (left.use.processes == 0) {
    if (left.group) (void)remove_group(*left.group);
    return;
  }
  left_.push_back(std::move(left));
  const auto living =
      std::ranges::count_if(left_, [](const LeftBehind& one) { return !one.ending; });
  if (static_cast<std::size_t>(living) <= kMostCalls) return;
  end(*std::ranges::find_if(left_, [](const LeftBehind& one) { return !one.ending; }));
}

// Whom to count: where calls run, and where something was left.
void BackgroundWatch::watch(const std::vector<const SessionInit*>& running) {
  std::vector<const SessionInit*> wanted = running;
  for (const LeftBehind& left : left_) wanted.push_back(left.session);
  std::erase_if(paces_, [&](const Pace& pace) {
    return !pace.asked && std::ranges::find(wanted, pace.session) == wanted.end();
  });
  for (const SessionInit* session : wanted) {
    if (std::ranges::find(paces_, session, &Pace::session) != paces_.end()) continue;
    paces_.push_back({session, {}});
    paces_.back().pace.begin(clock_.monotonic());
  }
}

Duration BackgroundWatch::next_look(const std::vector<const SessionInit*>& running) {
  watch(running);
  Duration next = left_.empty() ? Duration::max() : next_disk_;
  for (const Pace& pace : paces_)
    if (!pace.asked) next = std::min(next, pace.pace.next());
  return next;
}

void BackgroundWatch::look(const std::vector<const SessionInit*>& running) {
  watch(running);
  const Duration now = clock_.monotonic();
  for (Pace& pace : paces_) {
    if (pace.asked || now < pace.pace.next()) continue;
    pace.session->take_census();
    pace.asked = true;
    pace.pace.begin(now);
  }
  if (left_.empty() || now < next_disk_) return;
  next_disk_ = now + DiskWatch::kInterval;
  const LeftBehind& newest = left_.back();
  if (disk_.look(newest.limits.disk, newest.ids) == DiskWatch::Verdict::too_much) end_all();
}

void BackgroundWatch::end_all() {
  for (LeftBehind& left : left_) end(left);
}

void BackgroundWatch::counted(const SessionInit* session, const Census& census,
                              const std::vector<std::uint64_t>& running) {
  const auto pace = std::ranges::find(paces_, session, &Pace::session);
  if (pace != paces_.end()) {
    const Duration now = clock_.monotonic();
    pace->asked = false;
    pace->pace.looked(now, now - (pace->pace.next() - WatchPace::kShortest));
  }
  std::vector<std::uint64_t> alive;
  for (const Census::Use& use : census.calls) {
    alive.push_back(use.number);
    if (std::ranges::find(running, use.number) != running.end()) continue;
    for (LeftBehind& left : left_)
      if (left.session == session && left.use.number == use.number) left.use = use;
  }
  forget(session, alive);
  limit_each(session);
  limit_together(session);
}

void BackgroundWatch::forget(const SessionInit* session, const std::vector<std::uint64_t>& alive) {
  std::erase_if(left_, [&](const LeftBehind& left) {
    if (left.session != session) return false;
    if (std::ranges::find(alive, left.use.number) != alive.end()) return false;
    if (left.group) (void)remove_group(*left.group);
    return true;
  });
}

void BackgroundWatch::lost(const SessionInit* session) {
  forget(session, {});
  std::erase_if(paces_, [&](const Pace& pace) { return pace.session == session; });
}

void BackgroundWatch::limit_each(const SessionInit* session) {
  for (LeftBehind& left : left_)
    if (left.session == session && is_over(left.use, left.limits)) end(left);
}

void BackgroundWatch::limit_together(const SessionInit* session) {
  for (;;) {
    std::uint64_t memory = 0;
    std::uint64_t processes = 0;
    LeftBehind* largest = nullptr;
    LeftBehind* most = nullptr;
    for (LeftBehind& left : left_) {
      if (left.session != session || left.ending) continue;
      memory += left.use.memory;
      processes += left.use.processes;
      if (largest == nullptr || left.use.memory > largest->use.memory) largest = &left;
      if (most == nullptr || left.use.processes > most->use.processes) most = &left;
    }
    // As the newest call's plan says.
    if (largest != nullptr && memory > left_.back().limits.memory) {
      end(*largest);
    } else if (most != nullptr && processes > left_.back().limits.processes) {
      end(*most);
    } else {
      return;
    }
  }
}

void BackgroundWatch::end(LeftBehind& left) {
  if (left.ending) return;
  left.ending = true;
  left.session->end_call(left.use.number);
}

void BackgroundWatch::add_polls(std::vector<os::Poll>& polls) const {
  for (const LateOutput& late : late_) polls.push_back({.fd = late.fd()});
}

void BackgroundWatch::after_poll(const os::Poll* polls) {
  std::size_t at = 0;
  std::erase_if(late_, [&](LateOutput& late) { return polls[at++].readable && !late.read(); });
}

std::uint32_t BackgroundWatch::processes() const {
  return std::accumulate(
      left_.begin(), left_.end(), std::uint32_t{0},
      [](std::uint32_t sum, const LeftBehind& left) { return sum + left.use.processes; });
}

}  // namespace glovebox::box
