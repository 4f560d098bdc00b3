#include "net/cancel.h"

#include <algorithm>

#include "net/cancel_state.h"

namespace glovebox::net {

namespace {
void cancel_state(CancelState& state) {
  if (state.cancelled) return;
  state.cancelled = true;
  while (Wait* wait = state.waits.pop_front()) wait->fire(Wake::cancelled);
  while (CancelState* child = state.children.pop_front()) cancel_state(*child);
}
}  // namespace

bool CancelToken::cancelled() const {
  return state_ != nullptr && state_->cancelled;
}

CancelSource::CancelSource() : state_(std::make_shared<CancelState>()) {}

CancelSource::CancelSource(const CancelToken& parent) : CancelSource() {
  if (parent.state_ == nullptr) return;
  state_->parent = parent.state_;
  if (parent.state_->cancelled)
    state_->cancelled = true;
  else
    parent.state_->children.push_back(*state_);
}

void CancelSource::cancel() {
  cancel_state(*state_);
}

bool CancelSource::cancelled() const {
  return state_->cancelled;
}

Patience Patience::no_later_than(Duration limit) const {
  return {deadline ? std::min(*deadline, limit) : limit, token};
}

}  // namespace glovebox::net
