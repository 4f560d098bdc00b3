#include "box/box_fds.h"

#include <utility>

namespace glovebox::box {

namespace {

// The members that a plan needs, in order.
template <class Fds>
auto members(Fds& fds, const BoxPlan& plan) {
  std::vector<decltype(&fds.status)> list = {&fds.status};
  switch (plan.command.kind) {
    case CommandKind::function:
      list.insert(list.end(), {&fds.answer, &fds.command});
      break;
    case CommandKind::shell:
      list.insert(list.end(),
                  {&fds.output, &fds.told, &fds.state_in, &fds.command, &fds.state_out});
      break;
    case CommandKind::program:
      for (auto& fd : fds.stdio) list.push_back(&fd);
      break;
  }
  if (plan.cgroups == CgroupMode::v2) list.push_back(&fds.group);
  return list;
}

}  // namespace

std::vector<int> BoxFds::list(const BoxPlan& plan) const {
  std::vector<int> numbers;
  for (const UniqueFd* fd : members(*this, plan)) numbers.push_back(fd->get());
  return numbers;
}

Result<BoxFds> BoxFds::take(const BoxPlan& plan, std::vector<UniqueFd> fds) {
  BoxFds taken;
  const auto wanted = members(taken, plan);
  if (fds.size() != wanted.size())
    return Error(ErrorKind::protocol, "box: wrong number of descriptors");
  for (std::size_t i = 0; i < fds.size(); ++i) *wanted[i] = std::move(fds[i]);
  return taken;
}

}  // namespace glovebox::box
