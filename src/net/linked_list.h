// An intrusive list: a member of a list knows how to leave it, and does when it is destroyed; a
// list that is destroyed lets its members go. So either may end first.
#pragma once

namespace glovebox::net {

// T derives from Link<T, Tag>; the tag tells apart the several lists one object may be in.
template <class T, class Tag>
class Link {
 public:
  Link& operator=(const Link&) = delete;
  ~Link() { unlink(); }

  bool linked() const { return next_ != this; }
  void unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = this;
  }

 private:
  template <class, class>
  friend class LinkedList;
  friend T;
  Link() = default;
  Link(const Link&) = delete;
  Link* next_ = this;
  Link* previous_ = this;
};

template <class T, class Tag>
class LinkedList {
 public:
  LinkedList() = default;
  LinkedList(const LinkedList&) = delete;
  LinkedList& operator=(const LinkedList&) = delete;
  ~LinkedList() {
    while (!empty()) head_.next_->unlink();
  }

  bool empty() const { return !head_.linked(); }
  void push_back(T& member) {
    Link<T, Tag>& link = member;
    link.unlink();
    link.previous_ = head_.previous_;
    link.next_ = &head_;
    head_.previous_->next_ = &link;
    head_.previous_ = &link;
  }
  // The first member, taken off the list; nullptr if there is none.
  T* pop_front() {
    if (empty()) return nullptr;
    Link<T, Tag>* first = head_.next_;
    first->unlink();
    return static_cast<T*>(first);
  }

 private:
  Link<T, Tag> head_;
};

}  // namespace glovebox::net
