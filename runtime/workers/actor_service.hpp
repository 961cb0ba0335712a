// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/actor_request.hpp"
#include "runtime/workers/message_format.hpp"
#include "runtime/workers/plugin.hpp"
#include "runtime/workers/service_type.hpp"
#include "runtime/workers/typed_format.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/detail/init_fun_factory.hpp>
#include <caf/detail/type_traits.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/invoke_message_result.hpp>
#include <caf/mailbox_element.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace caf::io {
class abstract_broker;
}

namespace ockam {

/// Where the actor of a service runs.
enum class actor_thread : std::uint8_t {
  usual, ///< a blocking one in a thread of its own, a broker on the socket thread, any other on the pool
  own    ///< in a thread of its own, whatever it does there: `thread = detached`
};

/// Spawns the actor of a service: when the service starts, and when it starts again. On the pool; made by `spawning`.
struct actor_factory {
  std::function<caf::actor(caf::actor_system&, actor_thread)> spawn;
  /// How others speak to it. A typed actor that does not handle `request` speaks its interface: see `remote_as`.
  const message_format* format = &plain_format();
  bool ends_with_service = true; ///< false: it lives on when the service is stopped
  bool is_broker = false;        ///< it cannot have a thread of its own
  std::string name = {};         ///< under which lists have it where it gives itself none: that of the service type
};

/// A factory of actors that are functions: `f` with a pointer to any kind of actor as its first argument (a blocking
/// one gets a thread, and a broker, `caf::io::broker*`, runs on the socket thread, where it must not block; who has one
/// includes `<caf/io/all.hpp>`), and `xs` as the others. They have the manners of a service, which they may change by
/// CAF's means (`set_exception_handler`, `set_default_handler`): an exception that leaves the handler of a request is the
/// answer, with its words, and the actor goes on; one that leaves any other handler ends the actor, with its words as the
/// reason; a message that it does not handle is an error for whoever sent it. One that blocks has handlers of its own,
/// so each exception that leaves it ends it.
template <class F, class... Ts>
actor_factory spawning(F f, Ts... xs);
/// The same for actors of a class that is no broker, whose constructor takes `caf::actor_config&` and `xs`.
template <class A, class... Ts>
actor_factory spawning(Ts... xs);

/// The worker at the address of a service that is an actor: asks it, and answers with what it says.
std::unique_ptr<worker> make_actor_worker(actor_factory make, actor_thread where = actor_thread::usual);

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

/// As which reason this exception ends an actor.
caf::error reason_of(std::exception_ptr e);
/// What is done with an exception, unless the actor wants something else.
struct exception_manners {
  caf::error operator()(caf::scheduled_actor*, std::exception_ptr& e) const { return reason_of(e); }
};
void set_defaults(caf::scheduled_actor& a);
/// Answers with this exception: if the handler has promised an answer and not kept it, nobody else does. Who has got one
/// already takes no second one.
void answer_exception(caf::scheduled_actor& a, const caf::strong_actor_ptr& asker, caf::message_id request, std::exception_ptr e);
/// Error: `invalid_argument` for a broker that is to have another thread than that of the sockets.
result<std::unique_ptr<worker>> make_worker_of(actor_factory make, actor_thread where);

template <class F>
using self_of = std::remove_pointer_t<caf::detail::tl_head_t<typename caf::detail::get_callable_trait<F>::arg_types>>;

template <class F>
constexpr bool takes_options = std::is_invocable_r_v<actor_factory, F&, const service_options&>;

/// An actor of a service: of a class, or of a function that `A` runs.
template <class A>
class served final : public A {
 public:
  template <class... Ts>
  explicit served(caf::actor_config& cfg, Ts&&... xs) : A{cfg, std::forward<Ts>(xs)...} {
    set_defaults(*this);
  }

  using A::consume;
  caf::invoke_message_result consume(caf::mailbox_element& x) override {
    auto id = x.mid;
    if (!id.is_request())
      return A::consume(x);
    auto asker = x.sender; // a promise takes it
    try {
      return A::consume(x);
    } catch (...) {
      if (!asker || !this->exception_handler_.template target<exception_manners>())
        throw;
      answer_exception(*this, asker, id, std::current_exception());
      return caf::invoke_message_result::consumed;
    }
  }
};

/// One that blocks: an exception that leaves it ends it, with its words as the reason, which CAF alone would not keep.
template <class A>
class served_blocking : public A {
 public:
  template <class... Ts>
  explicit served_blocking(caf::actor_config& cfg, Ts&&... xs) : A{cfg, std::forward<Ts>(xs)...} {}

  void act() override {
    try {
      A::act();
    } catch (...) {
      this->fail_state(reason_of(std::current_exception()));
    }
  }
};

template <class A>
constexpr auto service_class() {
  if constexpr (std::is_base_of_v<caf::scheduled_actor, A>)
    return std::type_identity<served<A>>{};
  else if constexpr (std::is_base_of_v<caf::blocking_actor, A> && requires(A& a) { a.act(); })
    return std::type_identity<served_blocking<A>>{};
  else
    return std::type_identity<A>{};
}
template <class A>
using as_service = typename decltype(service_class<A>())::type;

template <class A, class... Ts>
caf::actor spawn(caf::actor_system& system, actor_thread where, caf::actor_config& cfg, const Ts&... xs) {
  return caf::actor_cast<caf::actor>(where == actor_thread::own ? system.spawn_class<A, caf::detached>(cfg, xs...)
                                                                : system.spawn_class<A, caf::no_spawn_options>(cfg, xs...));
}

/// What `thread` says, of which the node leaves `detached` to the service.
inline actor_thread thread_of(const service_options& o) {
  return o.has("thread") && o.text("thread") == "detached" ? actor_thread::own : actor_thread::usual;
}

/// What `make` makes for these options, under this name where it has given itself none.
template <class F>
result<std::unique_ptr<worker>> make(F& make, const service_options& o, std::string_view name = {}) {
  auto where = thread_of(o);
  auto factory = [&]() -> actor_factory {
    if constexpr (takes_options<F>)
      return make(o);
    else
      return spawning(make);
  }();
  if (factory.name.empty())
    factory.name = name;
  return make_worker_of(std::move(factory), where);
}

} // namespace actors

template <class A, class... Ts>
actor_factory spawning(Ts... xs) {
  static_assert(!std::is_base_of_v<caf::io::abstract_broker, A>,
                "a broker that is a class is not spawned by the runtime: let it be a function of caf::io::broker*");
  static_assert(!std::is_final_v<A>, "the runtime derives from the class of an actor: let it not be final");
  auto spawn = [... xs = std::move(xs)](caf::actor_system& system, actor_thread where) {
    caf::actor_config cfg;
    return actors::spawn<actors::as_service<A>>(system, where, cfg, xs...);
  };
  return {.spawn = std::move(spawn), .format = &actors::format_of_actor<A>()};
}

template <class F, class... Ts>
actor_factory spawning(F f, Ts... xs) {
  using self = actors::self_of<F>;
  using behavior = typename caf::detail::get_callable_trait<F>::result_type;
  // The function gets one argument at the least: for none CAF makes a reference to nothing.
  auto spawn = [f, ... xs = std::move(xs)](caf::actor_system& system, actor_thread where) {
    caf::actor_config cfg;
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
      auto body = [f, ... xs = xs](self* me, bool) mutable -> behavior { return f(me, xs...); };
      if constexpr (std::is_base_of_v<caf::io::abstract_broker, self>) {
        auto socket_thread = [](auto& middleman) -> caf::execution_unit* { return &middleman.backend(); };
        cfg.host = socket_thread(system.middleman());
      }
      caf::detail::init_fun_factory<self, decltype(body)> run;
      cfg.init_fun = run(std::move(body), true);
      return actors::spawn<actors::served<self>>(system, where, cfg);
    }
  };
  return {.spawn = std::move(spawn),
          .format = &actors::format_of_actor<behavior>(),
          .is_broker = std::is_base_of_v<caf::io::abstract_broker, self>};
}

template <class F>
service_type actor_service(std::string_view name, F make) {
  service_type t;
  t.name = name;
  t.make = [make = std::move(make), name](const service_options& o) mutable { return actors::make(make, o, name); };
  t.has_options = actors::takes_options<F>;
  return t;
}

template <class A>
service_type actor_service(std::string_view name) {
  service_type t;
  t.name = name;
  t.make = [name](const service_options& o) -> result<std::unique_ptr<worker>> {
    auto factory = spawning<A>();
    factory.name = name;
    return make_actor_worker(std::move(factory), actors::thread_of(o));
  };
  t.has_options = false;
  return t;
}

template <auto Make>
constexpr plugin plugin_of_actor() {
  return {[](const service_options& o) {
    auto make = Make;
    auto file = o.text("plugin");
    return actors::make(make, o, std::string_view{file}.substr(file.rfind('/') + 1)); // npos + 1 is 0
  }};
}

} // namespace ockam
