// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/workers/message_format.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/detail/invoke_result_visitor.hpp>
#include <caf/detail/type_traits.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/match_case.hpp>
#include <caf/message.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace ockam {

/// A message as actors see it. Copies share it, nothing changes it. Any thread.
class received {
 public:
  explicit received(shared_message_ptr m) noexcept : shared_{std::move(m)} {}

  std::span<const std::byte> bytes() const noexcept { return message().bytes(); }
  /// The payload as text. Throws `std::invalid_argument` where it is none: who asked is told, if that leaves a handler.
  std::string text() const;
  /// The same, or `otherwise` where it is none.
  std::string text_or(std::string_view otherwise) const;
  bool is_text() const { return message().text().has_value(); }
  /// The way back; its last address is the worker that has sent the message.
  route return_route() const { return message().return_route(); }
  /// Sent by a worker of this node.
  bool is_local() const noexcept { return message().is_local(); }
  /// Who the other end of the link has proved to be; null where nothing proves it (`message::identity`).
  const std::string* identity() const noexcept { return message().identity(); }
  /// The trace that it belongs to (`message::trace`); null: none. The answer belongs to it as well, and so does what the
  /// actor says to handles of routes while it handles the request.
  const trace_context* trace() const noexcept { return message().trace(); }
  /// Whether it is this one.
  bool is(const shared_message_ptr& m) const noexcept { return shared_ == m; }

 private:
  const ockam::message& message() const noexcept { return shared_->get(); }

  shared_message_ptr shared_;
};

/// What an actor that is a service is asked: what somebody has sent to its address. Its share of the budgets comes back
/// when it has been answered.
class request : public received {
 public:
  using received::received;
};

/// What came back along a route.
class reply : public received {
 public:
  using received::received;
};

/// A payload that an actor sends. Copies share it, nothing changes it. Any thread.
class content {
 public:
  explicit content(payload p) : shared_{caf::make_counted<shared>(std::move(p))} {}
  explicit content(std::span<const std::byte> bytes) : shared_{caf::make_counted<shared>(bytes)} {}
  std::span<const std::byte> bytes() const noexcept { return shared_->body.bytes(); }
  /// The payload becomes `to`, as a copy where others have it too; nothing is left here.
  void move_to(payload& to) {
    auto all = std::move(shared_);
    if (all->body.heap_bytes() > 0 && all->unique())
      to = std::move(all->body);
    else
      to.assign(all->body.bytes());
  }

 private:
  struct shared final : caf::ref_counted {
    template <class T>
    explicit shared(T&& bytes) : body{std::forward<T>(bytes)} {}
    static void* operator new(std::size_t size);
    static void operator delete(void* p) noexcept;
    payload body;
  };
  caf::intrusive_ptr<shared> shared_;
};

/// Text as `ockam message send` prints it (a BARE string).
content text(std::string_view t);
/// Any bytes.
content bytes(std::span<const std::byte> b);
/// The same: what libraries for CBOR and such make.
inline content bytes(std::span<const std::uint8_t> b) { return bytes(std::as_bytes(b)); }

/// One call of a handler for a request by the thread that asks (`own_turn`). It hears what the handler returns: a payload as
/// it is, anything else as CAF's message.
class request_call final : public caf::detail::invoke_result_visitor {
 public:
  /// `asked` is what the actor sees as its current message while this lives; `what` is the request in it, null where
  /// it is none: then CAF finds the handler and makes a message of all that it returns.
  request_call(const caf::mailbox_element& asked, const request* what) noexcept : asked_{asked}, what_{what} {}

  /// What hears, if it is such a call, of a request; null: it is another.
  static request_call* of(caf::detail::invoke_result_visitor& hears) noexcept;
  const request& what() const noexcept { return *what_; }

  /// A content, a text, or a message.
  template <class T>
  void hear(T&& what) {
    if (may_answer())
      said.emplace<std::decay_t<T>>(std::forward<T>(what));
  }

  using caf::detail::invoke_result_visitor::operator();
  void operator()() override {} // a promise, or another actor, has the way back
  void operator()(caf::error& e) override;
  void operator()(caf::message& m) override { hear(std::move(m)); }
  void operator()(const caf::none_t&) override;

  bool has_payload() const noexcept { return std::holds_alternative<content>(said) || std::holds_alternative<std::string>(said); }
  /// Nothing: the answer goes to the sender of what was asked, now or later, or there is none.
  std::variant<std::monostate, content, std::string, caf::message> said;

 private:
  bool may_answer() const noexcept { return asked_.sender && !asked_.mid.is_answered(); }

  const caf::mailbox_element& asked_;
  const request* what_;
};

namespace actors {

template <class Arguments>
constexpr bool are_one_request = false;
template <class T>
constexpr bool are_one_request<caf::detail::type_list<T>> = std::is_same_v<T, request> || std::is_same_v<T, const request&>;

/// A handler for requests alone that does not change them.
template <class F>
concept handles_requests = are_one_request<typename caf::detail::get_callable_trait<F>::type::arg_types>;

/// What a handler may return to be heard as it is.
template <class T>
constexpr bool is_payload = std::is_same_v<T, content> || std::is_same_v<T, std::string>;

} // namespace actors

} // namespace ockam

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::content)

/// A handler for requests in a behavior. As CAF's own, which this is in place of, but that a `request_call` has it called
/// without a look at the types of a message, and told without making one. CAF 0.17 has no other place for that: its
/// behaviors keep handlers as this class, and nothing else knows what they return.
template <class F>
  requires ockam::actors::handles_requests<F>
class caf::trivial_match_case<F> : public caf::match_case {
 public:
  explicit trivial_match_case(F f)
    : match_case{make_type_token_from_list<detail::type_list<ockam::request>>()}, handler_{std::move(f)} {}

  result invoke(detail::invoke_result_visitor& hears, type_erased_tuple& message) override {
    if (auto* call = ockam::request_call::of(hears))
      return tell(*call, call->what());
    return message.match_elements<ockam::request>() ? tell(hears, message.get_as<ockam::request>(0)) : no_match;
  }

 private:
  using returned = std::decay_t<typename detail::get_callable_trait<F>::type::result_type>;

  template <class Hears>
  result tell(Hears& hears, const ockam::request& r) {
    if constexpr (std::is_void_v<returned>) {
      handler_(r);
      return hears.visit(unit) ? match : skip;
    } else if constexpr (ockam::actors::is_payload<returned> && std::is_same_v<Hears, ockam::request_call>) {
      hears.hear(handler_(r));
      return match;
    } else {
      returned what = handler_(r);
      return hears.visit(what) ? match : skip;
    }
  }

  F handler_;
};
