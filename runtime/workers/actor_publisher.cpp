// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_publisher.hpp"

#include "runtime/core/account.hpp"
#include "runtime/workers/node_context.hpp"
#include "runtime/workers/worker_host.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_registry.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/send.hpp>

#include <future>
#include <map>
#include <stdexcept>
#include <thread>

namespace ockam {

namespace {

const auto publisher_name = caf::atom("ockampub");

/// Publishes actors, and ends those that still are when the node does: it could not end before them.
class actor_publisher final : public worker {
 public:
  explicit actor_publisher(const node_context& c) : context_{c} {}

  void on_start() override;
  void on_message(message_ptr m) override { drop(std::move(m), drop_reason::refused); }
  void on_stop() noexcept override {
    system().registry().erase(publisher_name);
    for (auto& [name, weak] : published_)
      if (auto a = caf::actor_cast<caf::actor>(weak))
        caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  }

  void publish(const std::string& name, const caf::actor& a, const message_format& format, const published& done) {
    worker_options o;
    o.type = "actor";
    o.thread = worker_thread::pool;
    o.consumer_of = {context_.flows.services};
    o.budget = account::usual;
    actor_factory make{.spawn = [a](caf::actor_system&) { return a; }, .format = &format, .ends_with_service = false};
    auto factory = [make = std::move(make)] { return result<std::unique_ptr<worker>>{make_actor_worker(make)}; };
    context_.workers.start(address{name}, std::move(factory), std::move(o),
                           [this, alive = my_postbox(), name, weak = a.address(), done](result<void> r) {
                             if (r)
                               alive.post([this, name, weak] { published_.insert_or_assign(name, weak); });
                             done(std::move(r));
                           });
  }
  std::vector<caf::actor> all() const {
    std::vector<caf::actor> out;
    for (const auto& [name, weak] : published_)
      if (auto a = caf::actor_cast<caf::actor>(weak))
        out.push_back(std::move(a));
    return out;
  }
  void unpublish(const std::string& name) {
    if (published_.erase(name) > 0)
      (void)context_.workers.stop(address{name});
  }

 private:
  caf::actor_system& system() const { return worker_host::of(*this).actor().home_system(); }

  const node_context& context_;
  std::map<std::string, caf::actor_addr> published_; ///< maybe ended since
};

/// The way to it for other threads. An actor, so that CAF's registry can hold it.
class publisher_box final : public caf::monitorable_actor {
 public:
  publisher_box(caf::actor_config& cfg, postbox box, actor_publisher& owner)
    : caf::monitorable_actor{cfg}, box_{std::move(box)}, owner_{owner} {}

  void enqueue(caf::mailbox_element_ptr, caf::execution_unit*) override {} // nobody sends it anything

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
  auto& sys = system();
  caf::actor_config cfg;
  sys.registry().put(publisher_name, caf::make_actor<publisher_box, caf::strong_actor_ptr>(
                                       sys.next_actor_id(), sys.node(), &sys, cfg, my_postbox(), *this));
}

/// Its box, held as long as the pointer.
std::shared_ptr<publisher_box> box_in(caf::actor_system& system) {
  auto found = system.registry().get<caf::strong_actor_ptr>(publisher_name);
  if (!found)
    throw std::logic_error{"ockam::publish is for the actors of a node, while it runs"};
  auto* box = static_cast<publisher_box*>(found->get());
  return {box, [held = std::move(found)](publisher_box*) {}};
}

error stopping() { return {errc::closed, "the node stops", {}}; }

} // namespace

void actors::publish(caf::actor_system& system, std::string name, caf::actor actor, const message_format& format,
                     published done) {
  auto told = std::make_shared<published>(std::move(done));
  auto task = [name = std::move(name), actor = std::move(actor), &format, told](actor_publisher& p) {
    p.publish(name, actor, format, *told);
  };
  if (!box_in(system)->post(std::move(task)))
    (*told)(stopping());
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
  try {
    return told.get();
  } catch (const std::future_error&) { // the node has stopped meanwhile
    return stopping();
  }
}

void unpublish(actor_home at, std::string name) {
  box_in(at.system())->post([name = std::move(name)](actor_publisher& p) { p.unpublish(name); });
}

std::vector<caf::actor> published_actors(actor_home at) {
  auto found = std::make_shared<std::promise<std::vector<caf::actor>>>();
  auto told = found->get_future();
  box_in(at.system())->post([found = std::move(found)](actor_publisher& p) { found->set_value(p.all()); });
  try {
    return told.get();
  } catch (const std::future_error&) { // the node stops, and so do they
    return {};
  }
}

std::unique_ptr<worker> make_actor_publisher(const node_context& c) { return std::make_unique<actor_publisher>(c); }

} // namespace ockam
