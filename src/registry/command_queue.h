// The queue of commands that wait for the writer: many threads push, one takes.
//
// Lock-free: a push is one compare-and-swap, and a take gets all waiting commands at once. The commands
// themselves are the links, so nothing is allocated. A push that finds the queue empty says so: its caller
// must wake the writer, and no other caller has to.
#pragma once

#include <atomic>
#include <cstddef>
#include <iterator>

#include "muster/registry.h"

namespace muster {

class CommandQueue {
 public:
  CommandQueue() = default;
  CommandQueue(const CommandQueue&) = delete;
  CommandQueue& operator=(const CommandQueue&) = delete;

  /// Commands in order; each links to the next. Not thread-safe.
  class List {
   public:
    class Iterator {
     public:
      using iterator_category = std::input_iterator_tag;
      using value_type = Command;
      using difference_type = std::ptrdiff_t;
      using pointer = Command*;
      using reference = Command&;

      explicit Iterator(Command* command) : command_(command) {}
      Command& operator*() const { return *command_; }
      Iterator& operator++();
      void operator++(int) { ++*this; }
      bool operator==(const Iterator&) const = default;

     private:
      Command* command_;
    };

    bool empty() const { return first_ == nullptr; }
    Iterator begin() const { return Iterator(first_); }
    Iterator end() const { return Iterator(nullptr); }
    /// Precondition: not empty.
    Command& PopFront();
    void PushBack(Command& command);
    void Append(List other);

   private:
    friend class CommandQueue;
    Command* first_ = nullptr;
    Command* last_ = nullptr;
  };

  enum class Pushed { kFirst, kBehindOthers, kClosed };

  /// Any thread. The command is taken on kFirst and kBehindOthers.
  Pushed Push(Command& command);
  /// One thread. All commands that wait, oldest first.
  List TakeAll() { return Take(nullptr); }
  /// Takes all commands that wait and refuses every later push.
  List Close() { return Take(Closed()); }

 private:
  // A link that is not a command: the newest link of a closed queue.
  Command* Closed() { return reinterpret_cast<Command*>(this); }
  List Take(Command* leave);

  alignas(64) std::atomic<Command*> newest_ = nullptr;
};

}  // namespace muster
