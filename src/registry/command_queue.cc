#include "registry/command_queue.h"

#include "muster/check.h"

namespace muster {

CommandQueue::List::Iterator& CommandQueue::List::Iterator::operator++() {
  command_ = command_->next_;
  return *this;
}

Command& CommandQueue::List::PopFront() {
  MUSTER_CHECK(!empty(), "only what is there is taken");
  Command& command = *first_;
  first_ = command.next_;
  if (first_ == nullptr) last_ = nullptr;
  command.next_ = nullptr;
  return command;
}

void CommandQueue::List::PushBack(Command& command) {
  command.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &command;
  last_ = &command;
}

void CommandQueue::List::Append(List other) {
  if (other.empty()) return;
  (last_ == nullptr ? first_ : last_->next_) = other.first_;
  last_ = other.last_;
}

CommandQueue::Pushed CommandQueue::Push(Command& command) {
  Command* newest = newest_.load(std::memory_order_relaxed);
  do {
    if (newest == Closed()) return Pushed::kClosed;
    command.next_ = newest;
  } while (
      !newest_.compare_exchange_weak(newest, &command, std::memory_order_release, std::memory_order_relaxed));
  return newest == nullptr ? Pushed::kFirst : Pushed::kBehindOthers;
}

CommandQueue::List CommandQueue::Take(Command* leave) {
  // Not a plain exchange: that would open a closed queue for a moment.
  Command* newest = newest_.load(std::memory_order_relaxed);
  do {
    if (newest == Closed() || (newest == nullptr && leave == nullptr)) return {};
  } while (
      !newest_.compare_exchange_weak(newest, leave, std::memory_order_acquire, std::memory_order_relaxed));
  List list;
  list.last_ = newest;
  while (newest != nullptr) {  // newest first: reverse the order
    Command* const older = newest->next_;
    newest->next_ = list.first_;
    list.first_ = newest;
    newest = older;
  }
  return list;
}

}  // namespace muster
