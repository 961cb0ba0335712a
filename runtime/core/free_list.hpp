// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <new>

namespace ockam {

/// Free blocks of one size and one thread (`thread_local`), for what comes and goes by the million. Bounded, so that a
/// burst does not stay for ever.
class free_list {
 public:
  explicit constexpr free_list(std::size_t limit) noexcept : limit_{limit} {}
  ~free_list() {
    while (head_)
      ::operator delete(pop());
    closed_ = true;
  }
  free_list(const free_list&) = delete;
  free_list& operator=(const free_list&) = delete;

  /// Of the size that is always asked for.
  void* take(std::size_t size) { return head_ ? pop() : ::operator new(size); }
  void give(void* p) noexcept {
    if (closed_ || count_ == limit_)
      return ::operator delete(p);
    head_ = new (p) node{head_};
    ++count_;
  }

 private:
  struct node {
    node* next;
  };

  void* pop() noexcept {
    auto* n = head_;
    head_ = n->next;
    --count_;
    return n;
  }

  node* head_ = nullptr;
  std::size_t count_ = 0;
  const std::size_t limit_;
  bool closed_ = false; // blocks may come back after this thread's list, at exit
};

} // namespace ockam
