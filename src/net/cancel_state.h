// What a CancelSource and its tokens share. Only for cancel.cc and loop.cc.
#pragma once

#include <memory>
#include <utility>

#include "net/linked_list.h"
#include "net/loop.h"

namespace glovebox::net {

struct ByParent;

struct CancelState : Link<CancelState, ByParent> {
  bool cancelled = false;
  LinkedList<Wait, ByCancel> waits;
  LinkedList<CancelState, ByParent> children;
  std::shared_ptr<CancelState> parent;  // stays while a child may still be cancelled with it
};

}  // namespace glovebox::net
