// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/workers/message_format.hpp"
#include "runtime/workers/plugin.hpp"
#include "runtime/workers/service_type.hpp"
#include "runtime/workers/typed_format.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/detail/type_traits.hpp>
#include <caf/event_based_actor.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace caf::io {
class abstract_broker;
}

namespace ockam {

/// A message as actors see it. Copies share it, nothing changes it. Any thread.
class received {
 public:
  explicit received(shared_message_ptr m) noexcept : shared_{std::move(m)} {}

  std::span<const std::byte> bytes() const noexcept { return message().bytes(); }
  /// The payload as text. Throws `std::invalid_argument` where it is none, which in a handler ends the actor, as each
  /// exception does: of strangers ask `is_text` before, or take `text_or`.
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
  std::span<const std::byte> bytes() const noexcept { return shared_->body.bytes(); }
  /// The payload, which is copied where others have it too; nothing is left here.
  payload take() {
    auto all = std::move(shared_);
    return all->unique() ? std::move(all->body) : payload{all->body.bytes()};
  }

 private:
  struct shared final : caf::ref_counted {
    explicit shared(payload p) : body{std::move(p)} {}
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

/// Spawns the actor of a service: when the service starts, and when it starts again. On the pool; made by `spawning`.
struct actor_factory {
  std::function<caf::actor(caf::actor_system&)> spawn;
  /// How others speak to it. A typed actor that does not handle `request` speaks its interface: see `remote_as`.
  const message_format* format = &plain_format();
  bool ends_with_service = true; ///< false: it lives on when the service is stopped
};

/// A factory of actors that are functions: `f` with a pointer to any kind of actor as its first argument (a blocking
/// one gets a thread, and a broker, `caf::io::broker*`, runs on the socket thread, where it must not block; who has one
/// includes `<caf/io/all.hpp>`), and `xs` as the others. They have the manners of a service, which they may change: an
/// exception that leaves a handler ends the actor with the words of the exception as the reason, and a message that it
/// does not handle is an error for whoever sent it.
template <class F, class... Ts>
actor_factory spawning(F f, Ts... xs);
/// The same for actors of a class that is no broker, whose constructor takes `caf::actor_config&` and `xs`.
template <class A, class... Ts>
actor_factory spawning(Ts... xs);

/// The worker at the address of a service that is an actor: asks it, and answers with what it says.
std::unique_ptr<worker> make_actor_worker(actor_factory make);

/// The service type of an actor: of a function or a class that needs no options,
///
///     caf::behavior greeter(caf::event_based_actor* self);
///     ockam::actor_service("greeter", greeter)
///     ockam::actor_service<calculator>("calculator")
///
/// or of what `make` says for the options of a service, which it reads, all of them:
///
///     ockam::actor_service("greeter", [](const ockam::service_options& o) {
///       return ockam::spawning(greeter, o.text("greeting", "Hello"));
///     })
template <class F>
service_type actor_service(std::string_view name, F make);
template <class A>
service_type actor_service(std::string_view name);

/// A plugin with a service that is an actor; `Make` as `actor_service` takes it.
///
///     extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of_actor<greeter>()};
template <auto Make>
constexpr plugin plugin_of_actor();

// -- templates ---------------------------------------------------------------------------------------

namespace actors {

template <class T>
constexpr bool is_request_form = false;
template <class Out>
constexpr bool is_request_form<caf::typed_mpi<caf::detail::type_list<request>, Out>> = true;

constexpr bool handles_request(caf::none_t) { // any actor that is not typed may
  return true;
}
template <class... Sigs>
constexpr bool handles_request(caf::detail::type_list<Sigs...>) {
  return (is_request_form<Sigs> || ...);
}

/// The format of an actor whose behavior, or whose class, is this.
template <class T>
const message_format& format_of_actor() {
  if constexpr (requires { typename T::signatures; }) {
    if constexpr (!handles_request(typename T::signatures{}))
      return format_of<T>();
  }
  return plain_format();
}

void set_defaults(caf::scheduled_actor& a);
/// As which reason this exception ends an actor.
caf::error reason_of(std::exception_ptr e);

template <class F>
using self_of = std::remove_pointer_t<caf::detail::tl_head_t<typename caf::detail::get_callable_trait<F>::arg_types>>;

template <class F>
constexpr bool takes_options = std::is_invocable_r_v<actor_factory, F&, const service_options&>;

template <class A>
class of_class final : public A {
 public:
  template <class... Ts>
  explicit of_class(caf::actor_config& cfg, Ts&&... xs) : A{cfg, std::forward<Ts>(xs)...} {
    if constexpr (std::is_base_of_v<caf::scheduled_actor, A>)
      set_defaults(*this);
  }
};

/// What `make` makes for these options.
template <class F>
result<std::unique_ptr<worker>> make(F& make, const service_options& o) {
  if constexpr (takes_options<F>)
    return make_actor_worker(make(o));
  else
    return make_actor_worker(spawning(make));
}

} // namespace actors

template <class A, class... Ts>
actor_factory spawning(Ts... xs) {
  static_assert(!std::is_base_of_v<caf::io::abstract_broker, A>,
                "a broker that is a class is not spawned by the runtime: let it be a function of caf::io::broker*");
  static_assert(!std::is_final_v<A>, "the runtime derives from the class of an actor: let it not be final");
  auto spawn = [... xs = std::move(xs)](caf::actor_system& system) {
    return caf::actor_cast<caf::actor>(system.spawn<actors::of_class<A>>(xs...));
  };
  return {.spawn = std::move(spawn), .format = &actors::format_of_actor<A>()};
}

template <class F, class... Ts>
actor_factory spawning(F f, Ts... xs) {
  using self = actors::self_of<F>;
  using behavior = typename caf::detail::get_callable_trait<F>::result_type;
  // The function gets one argument at the least: for none CAF makes a reference to nothing.
  auto spawn = [f, ... xs = std::move(xs)](caf::actor_system& system) {
    if constexpr (std::is_base_of_v<caf::blocking_actor, self>) {
      auto body = [f, ... xs = xs](self* me, bool) mutable {
        try {
          f(me, xs...);
        } catch (...) {
          me->fail_state(actors::reason_of(std::current_exception()));
        }
      };
      return caf::actor_cast<caf::actor>(system.spawn<caf::detached>(std::move(body), true));
    } else {
      auto body = [f, ... xs = xs](self* me, bool) mutable -> behavior {
        actors::set_defaults(*me);
        return f(me, xs...);
      };
      if constexpr (std::is_base_of_v<caf::io::abstract_broker, self>) {
        auto spawn_at = [&](auto& middleman) { return middleman.spawn_broker(std::move(body), true); };
        return caf::actor_cast<caf::actor>(spawn_at(system.middleman()));
      } else {
        return caf::actor_cast<caf::actor>(system.spawn(std::move(body), true));
      }
    }
  };
  return {.spawn = std::move(spawn), .format = &actors::format_of_actor<behavior>()};
}

template <class F>
service_type actor_service(std::string_view name, F make) {
  service_type t;
  t.name = name;
  t.make = [make = std::move(make)](const service_options& o) mutable { return actors::make(make, o); };
  t.has_options = actors::takes_options<F>;
  return t;
}

template <class A>
service_type actor_service(std::string_view name) {
  service_type t;
  t.name = name;
  t.make = [](const service_options&) -> result<std::unique_ptr<worker>> { return make_actor_worker(spawning<A>()); };
  t.has_options = false;
  return t;
}

template <auto Make>
constexpr plugin plugin_of_actor() {
  return {[](const service_options& o) {
    auto make = Make;
    return actors::make(make, o);
  }};
}

} // namespace ockam

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ockam::content)
