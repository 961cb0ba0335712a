// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/remote_actor.hpp"

#include "runtime/core/bare.hpp"
#include "runtime/core/multiaddr.hpp"
#include "runtime/workers/watching_handle.hpp"
#include "runtime/workers/worker_host.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_registry.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <mutex>
#include <stdexcept>
#include <vector>

namespace ockam {

namespace {

const auto gate_name = caf::atom("ockamgate");

/// What somebody has said to a handle.
struct said {
  std::shared_ptr<const route> to;
  std::chrono::milliseconds patience;
  payload body;
  caf::strong_actor_ptr handle;
  caf::strong_actor_ptr sender; ///< who awaits an answer to `id`, or null
  caf::message_id id;

  void answer(caf::message with) const {
    if (sender)
      sender->enqueue(handle, id.response_id(), std::move(with), nullptr);
  }
};

/// The way from handles, in whatever thread they are used, to the worker that sends for them. An actor, so that CAF's
/// registry can hold it.
class gate_box final : public caf::monitorable_actor {
 public:
  /// What waits here is on nobody's budget yet.
  static constexpr std::size_t most_bytes = 4u << 20;

  gate_box(caf::actor_config& cfg, postbox worker, std::function<void()> hear)
    : caf::monitorable_actor{cfg}, worker_{std::move(worker)}, hear_{std::move(hear)} {}

  void enqueue(caf::mailbox_element_ptr, caf::execution_unit*) override {} // nobody sends it anything

  void add(said s) {
    auto size = sizeof(said) + s.body.heap_bytes();
    bool full, first;
    {
      std::lock_guard guard{lock_};
      full = bytes_ + size > most_bytes;
      first = all_.empty();
      if (!full) {
        bytes_ += size;
        all_.push_back(std::move(s));
      }
    }
    if (full)
      return s.answer(caf::make_message(to_caf({errc::limit_reached, "the node's actors send faster than it can pass on", {}})));
    if (first && !worker_.post([hear = hear_] { hear(); }))
      for (auto& lost : take())
        lost.answer(caf::make_message(to_caf({errc::closed, "the node stops", {}})));
  }
  std::vector<said> take() {
    std::lock_guard guard{lock_};
    bytes_ = 0;
    return std::exchange(all_, {});
  }

 private:
  postbox worker_;
  std::function<void()> hear_; ///< called on the worker's thread, while there is the worker
  std::mutex lock_;
  std::vector<said> all_;
  std::size_t bytes_ = 0;
};

/// An actor as far as messages can be sent to it. Keeps nothing of them.
class remote_handle final : public watching_handle {
 public:
  remote_handle(caf::actor_config& cfg, caf::strong_actor_ptr gate, route to, std::chrono::milliseconds patience)
    : watching_handle{cfg, std::make_shared<const route>(std::move(to))}, gate_{std::move(gate)}, patience_{patience} {}

  const char* name() const override { return "ockam-remote"; }

  void enqueue(caf::mailbox_element_ptr m, caf::execution_unit* unit) override {
    auto& what = m->content();
    if (what.match_elements<caf::exit_msg>()) {
      on_exit_message(what.get_as<caf::exit_msg>(0), unit);
      return;
    }
    said s{where(), patience_, {}, ctrl(), m->mid.is_request() ? m->sender : nullptr, m->mid};
    if (what.match_elements<content>())
      s.body = payload{what.get_as<content>(0).bytes()};
    else if (what.match_elements<std::string>())
      s.body = text_payload(what.get_as<std::string>(0));
    else if (what.match_elements<request>())
      s.body = payload{what.get_as<request>(0).bytes()};
    else if (what.match_elements<reply>())
      s.body = payload{what.get_as<reply>(0).bytes()};
    else
      return s.answer(caf::make_message(caf::make_error(caf::sec::unexpected_message)));
    static_cast<gate_box*>(gate_->get())->add(std::move(s));
  }

 private:
  caf::strong_actor_ptr gate_;
  std::chrono::milliseconds patience_;
};

/// Sends what was said to handles, and tells what comes back.
class remote_gate final : public worker {
 public:
  void on_start() override {
    auto& sys = system();
    caf::actor_config cfg;
    box_ = caf::make_actor<gate_box, caf::strong_actor_ptr>(sys.next_actor_id(), sys.node(), &sys, cfg, my_postbox(), [this] { hear(); });
    sys.registry().put(gate_name, box_);
  }
  void on_message(message_ptr m) override { drop(std::move(m), drop_reason::refused); }
  void on_stop() noexcept override {
    system().registry().erase(gate_name);
    for (auto& s : static_cast<gate_box*>(box_->get())->take())
      s.answer(caf::make_message(to_caf({errc::closed, "the node stops", {}})));
  }

 private:
  caf::actor_system& system() const { return worker_host::of(*this).actor().home_system(); }

  void hear() {
    for (auto& s : static_cast<gate_box*>(box_->get())->take())
      if (!s.sender)
        send(*s.to, std::move(s.body));
      else
        ask(std::move(s));
  }
  void ask(said s) {
    auto body = std::move(s.body);
    auto to = s.to;
    request(*to, std::move(body), s.patience, [s = std::move(s)](result<message_ptr> r) {
      s.answer(r ? caf::make_message(ockam::reply{std::shared_ptr<const message>{std::move(*r)}}) : caf::make_message(to_caf(r.error())));
    });
  }

  caf::strong_actor_ptr box_;
};

} // namespace

caf::actor remote(caf::actor_system& system, route to, std::chrono::milliseconds patience) {
  auto gate = system.registry().get<caf::strong_actor_ptr>(gate_name);
  if (!gate)
    throw std::logic_error{"ockam::remote is for the actors of a node, while it runs"};
  caf::actor_config cfg;
  return caf::make_actor<remote_handle, caf::actor>(system.next_actor_id(), system.node(), &system, cfg, std::move(gate), std::move(to), patience);
}

caf::actor remote(caf::local_actor* self, route to, std::chrono::milliseconds patience) {
  return remote(self->home_system(), std::move(to), patience);
}

caf::actor remote(caf::local_actor* self, std::string_view to, std::chrono::milliseconds patience) {
  auto address = parse_multiaddr(to);
  auto way = address ? to_route(*address) : result<route>{std::move(address).error()};
  if (!way)
    throw std::invalid_argument{to_string(way.error())};
  return remote(self, std::move(*way), patience);
}

std::unique_ptr<worker> make_remote_gate() {
  return std::make_unique<remote_gate>();
}

} // namespace ockam
