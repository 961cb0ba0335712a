// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/message.hpp"

#include "runtime/core/bare.hpp"
#include "runtime/core/payload_text.hpp"

#include <new>

namespace ockam {

namespace {

/// Free blocks of one thread. Bounded, so that a burst does not stay for ever.
class free_list {
 public:
  static constexpr std::size_t limit = 1024; // about 0.6 MB

  ~free_list() {
    while (head_)
      ::operator delete(pop());
    closed_ = true;
  }

  void* take() noexcept { return head_ ? pop() : nullptr; }

  bool give(void* p) noexcept {
    if (closed_ || count_ == limit)
      return false;
    head_ = new (p) node{head_};
    ++count_;
    return true;
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
  bool closed_ = false; // messages may die after this thread's list, at exit
};

thread_local free_list blocks;

} // namespace

std::optional<std::string_view> message::text() const {
  return payload_text(body.bytes());
}

std::uint64_t sender_key(const message& m) {
  address_view sender;
  m.header.each_return([&](address_view a) { sender = a; });
  constexpr std::uint64_t spread = 0x9e3779b97f4a7c15; // of neighbouring numbers over the word
  return address_hash{}(sender) ^ m.source().producer * spread;
}

payload text_payload(std::string_view text) {
  return payload{bare::encode_string(text)};
}

void* message::operator new(std::size_t size) {
  if (auto* p = blocks.take())
    return p;
  return ::operator new(size);
}

void message::operator delete(void* p) noexcept {
  if (p && !blocks.give(p))
    ::operator delete(p);
}

} // namespace ockam
