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
#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
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
  const message_format* format;
  message_format::request what;
  caf::strong_actor_ptr handle;
  caf::strong_actor_ptr sender; ///< who awaits an answer to `id`, or null
  caf::message_id id;

  void answer(caf::message with) const {
    if (sender)
      sender->enqueue(handle, id.response_id(), std::move(with), nullptr);
  }
};

/// Tells a reply to who awaits it.
void tell(const said& s, message_ptr m, caf::execution_unit* unit) {
  s.sender->enqueue(s.format->read_reply(std::move(m), s.what.form, s.handle, s.id.response_id()), unit);
}

/// The same on a thread of CAF's scheduler, for replies that would keep the socket thread.
class long_reply final : public caf::resumable, public caf::ref_counted {
 public:
  static constexpr std::size_t at_least = 16u << 10;

  long_reply(said s, message_ptr m) : said_{std::move(s)}, message_{std::move(m)} {}

  resume_result resume(caf::execution_unit* unit, std::size_t) override {
    tell(said_, std::move(message_), unit);
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

 private:
  said said_;
  message_ptr message_;
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
    auto size = sizeof(said) + s.what.body.heap_bytes();
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
      return s.answer(
        caf::make_message(to_caf({errc::limit_reached, "the node's actors send faster than it can pass on", {}})));
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
  remote_handle(caf::actor_config& cfg, caf::strong_actor_ptr gate, route to, std::chrono::milliseconds patience,
                const message_format& format)
    : watching_handle{cfg, std::make_shared<const route>(std::move(to))}, gate_{std::move(gate)}, patience_{patience}, format_{&format} {}

  const char* name() const override { return "ockam-remote"; }

  void enqueue(caf::mailbox_element_ptr m, caf::execution_unit* unit) override {
    auto& what = m->content();
    if (what.match_elements<caf::exit_msg>()) {
      on_exit_message(what.get_as<caf::exit_msg>(0), unit);
      return;
    }
    auto sender = m->mid.is_request() ? m->sender : nullptr;
    message_format::request body;
    auto wrong = format_->write_request(what, sender != nullptr, body);
    said s{where(), patience_, format_, std::move(body), ctrl(), std::move(sender), m->mid};
    if (wrong)
      return s.answer(caf::make_message(std::move(wrong)));
    static_cast<gate_box*>(gate_->get())->add(std::move(s));
  }

 private:
  caf::strong_actor_ptr gate_;
  std::chrono::milliseconds patience_;
  const message_format* format_;
};

/// Sends what was said to handles, and tells what comes back.
class remote_gate final : public worker {
 public:
  void on_start() override {
    auto& sys = system();
    caf::actor_config cfg;
    box_ = caf::make_actor<gate_box, caf::strong_actor_ptr>(sys.next_actor_id(), sys.node(), &sys, cfg, my_postbox(),
                                                            [this] { hear(); });
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
        send(*s.to, std::move(s.what.body));
      else
        ask(std::move(s));
  }
  void ask(said s) {
    auto body = std::move(s.what.body);
    auto to = s.to;
    request(*to, std::move(body), s.patience, [s = std::move(s)](result<message_ptr> r) mutable {
      if (r && (*r)->bytes().size() >= long_reply::at_least)
        s.sender->home_system->scheduler().enqueue(new long_reply{std::move(s), std::move(*r)});
      else if (r)
        tell(s, std::move(*r), nullptr);
      else
        s.answer(caf::make_message(to_caf(r.error())));
    });
  }

  caf::strong_actor_ptr box_;
};

} // namespace

route_or_text::route_or_text(std::string_view text) {
  auto address = parse_multiaddr(text);
  auto way = address ? to_route(*address) : result<route>{std::move(address).error()};
  if (!way)
    throw std::invalid_argument{to_string(way.error())};
  route_ = *std::move(way);
}

caf::actor remote(actor_home from, route_or_text to, std::chrono::milliseconds patience) {
  return actors::remote(from.system(), to.take(), patience, plain_format());
}

caf::actor actors::remote(caf::actor_system& system, route to, std::chrono::milliseconds patience,
                          const message_format& format) {
  auto gate = system.registry().get<caf::strong_actor_ptr>(gate_name);
  if (!gate)
    throw std::logic_error{"ockam::remote is for the actors of a node, while it runs"};
  caf::actor_config cfg;
  return caf::make_actor<remote_handle, caf::actor>(system.next_actor_id(), system.node(), &system, cfg,
                                                    std::move(gate), std::move(to), patience, format);
}

std::unique_ptr<worker> make_remote_gate() { return std::make_unique<remote_gate>(); }

} // namespace ockam
