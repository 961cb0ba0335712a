// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_publisher.hpp"

#include "runtime/core/account.hpp"
#include "runtime/core/guarded.hpp"
#include "runtime/core/switchboard.hpp"
#include "runtime/workers/node_context.hpp"
#include "runtime/workers/shared_by_name.hpp"
#include "runtime/workers/worker_host.hpp"

#include <caf/attachable.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/send.hpp>

#include <future>
#include <map>
#include <stdexcept>
#include <thread>

namespace ockam {

namespace {

const auto publisher_name = caf::atom("ockampub");

/// Tells once what comes of a publication: what it is told, or else at its end that the node stops.
class outcome {
 public:
  explicit outcome(published done) : done_{std::move(done)} {}
  ~outcome() {
    (void)guarded([this] { tell(error{errc::closed, "the node stops", {}}); });
  }
  outcome(const outcome&) = delete;
  outcome& operator=(const outcome&) = delete;
  void tell(result<void> r) {
    if (auto done = std::exchange(done_, nullptr))
      done(std::move(r));
  }

 private:
  published done_;
};
using told_once = std::shared_ptr<outcome>;

/// Calls a function when the actor that it is attached to ends.
class end_listener final : public caf::attachable {
 public:
  /// Which one: that of the publication of this number.
  struct of_publication {
    static constexpr std::size_t token_type = 0x7075626c; // those of CAF are small
    std::uint64_t number;
  };

  end_listener(std::uint64_t number, std::function<void()> hear) : number_{number}, hear_{std::move(hear)} {}

  void actor_exited(const caf::error&, caf::execution_unit*) override { hear_(); }
  using caf::attachable::matches;
  bool matches(const token& what) override {
    return what.subtype == of_publication::token_type && static_cast<const of_publication*>(what.ptr)->number == number_;
  }

 private:
  std::uint64_t number_;
  std::function<void()> hear_;
};

/// Publishes actors, and ends those that still are when the node does: it could not end before them.
class actor_publisher final : public worker {
 public:
  explicit actor_publisher(const node_context& c) : context_{c} {}

  void on_start() override;
  void on_message(message_ptr m) override { drop(std::move(m), drop_reason::refused); }
  void on_stop() noexcept override {
    for (auto& [name, p] : published_)
      if (auto a = caf::actor_cast<caf::actor>(p.actor))
        caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  }

  void publish(const std::string& name, const caf::actor& a, const message_format& format, const told_once& told) {
    auto number = ++last_;
    worker_options o;
    o.type = "actor";
    o.thread = worker_thread::pool;
    o.consumer_of = {context_.flows.services};
    o.budget = account::usual;
    actor_factory make{.spawn = [a](caf::actor_system&, actor_thread) { return a; }, .format = &format, .ends_with_service = false, .is_broker = false, .name = name};
    auto factory = [make = std::move(make)] { return result<std::unique_ptr<worker>>{make_actor_worker(make)}; };
    context_.workers.start(
      address{name}, std::move(factory), std::move(o),
      [this, &board = context_.board, alive = my_postbox(), name, weak = a.address(), number, told](result<void> r) {
        if (r)
          alive.post([this, name, p = publication{weak, number, host_at(board, name)}] { remember(name, p); });
        told->tell(std::move(r));
      });
  }
  std::vector<caf::actor> all() const {
    std::vector<caf::actor> out;
    for (const auto& [name, p] : published_)
      if (auto a = caf::actor_cast<caf::actor>(p.actor))
        out.push_back(std::move(a));
    return out;
  }
  void unpublish(const std::string& name) {
    auto it = published_.find(name);
    if (it == published_.end())
      return;
    auto host = it->second.host;
    let_go(it->second);
    published_.erase(it);
    if (host_at(context_.board, name) == host) // else it has ended, and the address is maybe another's
      (void)context_.workers.stop(address{name});
  }

 private:
  struct publication {
    caf::actor_addr actor;
    std::uint64_t number = 0;
    std::uint64_t host = 0; ///< of the worker that asks it
  };

  caf::actor_system& system() const { return worker_host::of(*this).actor().home_system(); }
  /// 0: nobody is there.
  static std::uint64_t host_at(switchboard& board, const std::string& name) {
    const auto* entry = board.find(address{name});
    return entry ? entry->host : 0;
  }
  /// Until the actor ends; also when the worker that asks it does before, as when the node stops.
  void remember(const std::string& name, const publication& p) {
    auto a = caf::actor_cast<caf::actor>(p.actor);
    if (!a)
      return;
    if (auto before = published_.find(name); before != published_.end())
      let_go(before->second);
    published_.insert_or_assign(name, p);
    auto ended = [this, name, number = p.number, alive = my_postbox()] {
      alive.post([this, name, number] { forget(name, number); });
    };
    a->attach(std::make_unique<end_listener>(p.number, std::move(ended)));
  }
  /// One that lives on keeps nothing of it.
  static void let_go(const publication& p) {
    if (auto a = caf::actor_cast<caf::actor>(p.actor))
      a->detach(end_listener::of_publication{p.number});
  }
  void forget(const std::string& name, std::uint64_t number) {
    if (auto it = published_.find(name); it != published_.end() && it->second.number == number)
      published_.erase(it);
  }

  const node_context& context_;
  std::map<std::string, publication> published_;
  std::uint64_t last_ = 0;
};

/// The way to it for other threads.
class publisher_box {
 public:
  publisher_box(postbox box, actor_publisher& owner) : box_{std::move(box)}, owner_{owner} {}

  /// Calls `f` on the socket thread, later; false when the node stops.
  template <class F>
  bool post(F f) {
    return box_.post([&owner = owner_, f = std::move(f)]() mutable { f(owner); });
  }
  bool is_on_its_thread() const { return std::this_thread::get_id() == thread_; }

 private:
  postbox box_;
  actor_publisher& owner_; ///< used by what the box runs, while there is the worker
  std::thread::id thread_ = std::this_thread::get_id();
};

void actor_publisher::on_start() {
  share(system(), publisher_name, std::make_shared<publisher_box>(my_postbox(), *this));
}

/// Null: there is none.
std::shared_ptr<publisher_box> find_box(caf::actor_system& system) {
  return find_shared<publisher_box>(system, publisher_name);
}

std::shared_ptr<publisher_box> box_in(caf::actor_system& system) {
  auto found = find_box(system);
  if (!found)
    throw std::logic_error{"ockam::publish is for the actors of a node"};
  return found;
}

} // namespace

void actors::publish(caf::actor_system& system, std::string name, caf::actor actor, const message_format& format,
                     published done) {
  auto box = box_in(system);
  auto told = std::make_shared<outcome>(std::move(done));
  box->post([name = std::move(name), actor = std::move(actor), &format, told = std::move(told)](actor_publisher& p) {
    p.publish(name, actor, format, told);
  });
}

result<void> actors::publish(caf::actor_system& system, std::string name, caf::actor actor,
                             const message_format& format) {
  if (box_in(system)->is_on_its_thread())
    return error{errc::invalid_argument, "on the socket thread nothing may wait",
                 "give publish a function that is called later"};
  auto outcome = std::make_shared<std::promise<result<void>>>();
  auto told = outcome->get_future();
  publish(system, std::move(name), std::move(actor), format,
          [outcome = std::move(outcome)](result<void> r) { outcome->set_value(std::move(r)); });
  return told.get();
}

void unpublish(actor_home at, std::string name) {
  box_in(at.system())->post([name = std::move(name)](actor_publisher& p) { p.unpublish(name); });
}

std::vector<caf::actor> published_actors(actor_home at) {
  auto box = find_box(at.system());
  if (!box)
    return {};
  auto found = std::make_shared<std::promise<std::vector<caf::actor>>>();
  auto told = found->get_future();
  box->post([found = std::move(found)](actor_publisher& p) { found->set_value(p.all()); });
  try {
    return told.get();
  } catch (const std::future_error&) { // the node stops, and so do they
    return {};
  }
}

std::unique_ptr<worker> make_actor_publisher(const node_context& c) { return std::make_unique<actor_publisher>(c); }

void forget_actor_publisher(caf::actor_system& system) { unshare(system, publisher_name); }

} // namespace ockam
