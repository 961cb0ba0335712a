// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/remote_actor.hpp"

#include "runtime/core/bare.hpp"
#include "runtime/core/log.hpp"
#include "runtime/core/multiaddr.hpp"
#include "runtime/core/units.hpp"
#include "runtime/workers/channel_ways.hpp"
#include "runtime/workers/shared_by_name.hpp"
#include "runtime/workers/watching_handle.hpp"
#include "runtime/workers/worker_host.hpp"

#include <caf/actor_config.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/send.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace ockam {

namespace {

const auto gate_name = caf::atom("ockamgate");

/// Requests of one handle that have no answer yet; more end at once with `limit_reached`. So that one that leads to
/// nowhere leaves the others theirs (`worker_host::most_requests` for all).
constexpr std::size_t most_of_handle = 1'000;
using open_requests = std::shared_ptr<std::atomic<std::size_t>>;

/// The node stops, or its gate has ended: what was asked has no answer.
caf::error stopping() { return to_caf({errc::closed, "the node stops", {}}); }

/// What somebody has said to a handle. A request is answered once: at its end, if not before.
struct said {
  std::shared_ptr<const route> to;
  std::chrono::milliseconds patience;
  const message_format* format;
  message_format::request what;
  caf::strong_actor_ptr handle;
  caf::strong_actor_ptr sender; ///< who awaits an answer to `id`, or null
  caf::message_id id;
  open_requests counted; ///< among these, or null
  std::unique_ptr<trace_context> trace; ///< of what the actor is handling, or null

  said(std::shared_ptr<const route> to_, std::chrono::milliseconds patience_, const message_format& format_,
       caf::strong_actor_ptr handle_, caf::strong_actor_ptr sender_, caf::message_id id_)
    : to{std::move(to_)}, patience{patience_}, format{&format_}, handle{std::move(handle_)}, sender{std::move(sender_)},
      id{id_} {}
  said(said&&) noexcept = default;
  ~said() {
    if (sender)
      answer(stopping());
    close();
  }

  /// It is under way no more.
  void close() {
    if (auto one = std::exchange(counted, nullptr))
      one->fetch_sub(1, std::memory_order_relaxed);
  }
  void answer(caf::mailbox_element_ptr with) {
    close(); // first: who is told may ask again at once
    std::exchange(sender, nullptr)->enqueue(std::move(with), nullptr);
  }
  void answer(caf::error why) { answer(caf::make_mailbox_element(handle, id.response_id(), {}, std::move(why))); }
};

/// Tells a reply to who awaits it.
void tell(said& s, message_ptr m) {
  s.answer(s.format->read_reply(std::move(m), s.what.form, s.handle, s.id.response_id()));
}

/// The same on a thread of CAF's scheduler, for replies that would keep the socket thread.
class long_reply final : public caf::resumable, public caf::ref_counted {
 public:
  static constexpr std::size_t at_least = 16u << 10;

  long_reply(said s, message_ptr m) : said_{std::move(s)}, message_{std::move(m)} {}

  resume_result resume(caf::execution_unit*, std::size_t) override {
    tell(said_, std::move(message_));
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

 private:
  said said_;
  message_ptr message_;
};

/// The way from handles, in whatever thread they are used, to the worker that sends for them.
class gate_box {
 public:
  /// What waits here is on nobody's budget yet: so much, or one message that is larger.
  static constexpr std::size_t most_bytes = 4u << 20;

  gate_box(postbox worker, std::shared_ptr<worker_stats> stats, std::function<void()> hear, std::size_t max_message)
    : worker_{std::move(worker)}, stats_{std::move(stats)}, hear_{std::move(hear)}, max_message_{max_message} {}

  void add(said s) {
    if (auto length = s.what.body.size(); length > max_message_)
      return refuse(s, {errc::too_large,
                        "the message has " + std::to_string(length) + " bytes, and max-frame of the node is " + size_text(max_message_),
                        {}});
    auto size = sizeof(said) + s.what.body.heap_bytes();
    bool full, first;
    {
      std::lock_guard guard{lock_};
      first = all_.empty();
      full = !first && bytes_ + size > most_bytes;
      if (!full) {
        bytes_ += size;
        all_.push_back(std::move(s));
      }
    }
    if (full)
      refuse(s, {errc::limit_reached, "the node's actors send faster than it can pass on", {}});
    else if (first && !worker_.post([hear = hear_] { hear(); }))
      for (auto& late : take())
        refuse(late, {errc::closed, "the node stops", {}});
  }
  /// What waits. `room` has none, but memory for the next ones.
  std::vector<said> take(std::vector<said> room = {}) {
    std::lock_guard guard{lock_};
    bytes_ = 0;
    return std::exchange(all_, std::move(room));
  }

  /// Who has sent what cannot be passed on is told; who does not wait for an answer, by a number and the log.
  void refuse(said& s, const error& why) { refuse(s, to_caf(why)); }
  void refuse(said& s, caf::error why) {
    if (s.sender)
      return s.answer(std::move(why));
    lost_.fetch_add(1, std::memory_order_relaxed);
    std::lock_guard guard{lock_};
    log_.write(level::warn, "actors", std::to_string(why.code()),
               "what an actor has sent to " + to_string(*s.to) + " is lost: " + words_of(why),
               rate_limited_log::clock::now());
  }

 private:
  static std::string words_of(const caf::error& why) {
    return why == caf::sec::unexpected_message ? "it is no message for there" : error_of(why).cause;
  }

  postbox worker_;
  std::shared_ptr<worker_stats> stats_;
  std::atomic<std::uint64_t>& lost_ = stats_->counter("lost-sends");
  std::function<void()> hear_; ///< called on the worker's thread, while there is the worker
  std::size_t max_message_;
  std::mutex lock_;
  std::vector<said> all_;
  std::size_t bytes_ = 0;
  rate_limited_log log_{std::chrono::seconds{1}};
};

/// An actor as far as messages can be sent to it. Keeps nothing of them.
class remote_handle final : public watching_handle {
 public:
  remote_handle(caf::actor_config& cfg, std::shared_ptr<gate_box> gate, route to, std::chrono::milliseconds patience,
                const message_format& format)
    : watching_handle{cfg, std::make_shared<const route>(std::move(to))}, gate_{std::move(gate)}, patience_{patience}, format_{&format} {}

  const char* name() const override { return "ockam-remote"; }

  void enqueue(caf::mailbox_element_ptr m, caf::execution_unit* unit) override {
    auto& what = m->content();
    if (what.match_elements<caf::exit_msg>()) {
      on_exit_message(what.get_as<caf::exit_msg>(0), unit);
      return;
    }
    said s{where(), patience_, *format_, ctrl(), m->mid.is_request() ? m->sender : nullptr, m->mid};
    if (const auto* t = worker_host::trace_of_turn())
      s.trace = std::make_unique<trace_context>(*t);
    if (getf(is_cleaned_up_flag))
      return gate_->refuse(s, caf::make_error(caf::sec::request_receiver_down));
    if (s.sender && !count(s))
      return gate_->refuse(
        s, {errc::limit_reached, "the handle has " + std::to_string(most_of_handle) + " requests under way", {}});
    if (auto wrong = format_->write_request(what, s.sender != nullptr, s.what))
      return gate_->refuse(s, std::move(wrong));
    gate_->add(std::move(s));
  }

 private:
  bool count(said& s) {
    if (open_->fetch_add(1, std::memory_order_relaxed) < most_of_handle) {
      s.counted = open_;
      return true;
    }
    open_->fetch_sub(1, std::memory_order_relaxed);
    return false;
  }

  std::shared_ptr<gate_box> gate_;
  std::chrono::milliseconds patience_;
  const message_format* format_;
  open_requests open_ = std::make_shared<std::atomic<std::size_t>>(0);
};

/// Sends what was said to handles, and tells what comes back.
class remote_gate final : public worker {
 public:
  explicit remote_gate(std::size_t max_message) : max_message_{max_message} {}

  void on_start() override {
    box_ = std::make_shared<gate_box>(my_postbox(), worker_host::of(*this).shared_stats(), [this] { hear(); }, max_message_);
    share(worker_host::of(*this).actor().home_system(), gate_name, box_);
  }
  void on_message(message_ptr m) override { drop(std::move(m), drop_reason::refused); }
  void on_stop() noexcept override { (void)box_->take(); }

 private:
  void hear() {
    auto all = box_->take(std::move(room_));
    for (auto& s : all) {
      worker_host::within_trace of{worker_host::of(*this), s.trace.get()};
      if (!s.sender)
        send_for(s);
      else
        ask(std::move(s));
    }
    constexpr std::size_t usual = 1'000; // of a burst that was larger nothing stays
    all.clear();
    if (all.capacity() <= usual)
      room_ = std::move(all);
  }
  void send_for(said& s) {
    if (auto sent = worker_host::of(*this).try_send(make_message(*s.to, self(), std::move(s.what.body))); !sent)
      box_->refuse(s, of_handles(sent.error()));
  }
  /// An error of this worker, for those that it sends for.
  error of_handles(error e) const {
    if (e.code != errc::limit_reached) // of another node, say
      return e;
    auto say = [&](const std::string& of_worker, const std::string& instead) {
      if (auto at = e.cause.find(of_worker); at != std::string::npos)
        e.cause.replace(at, of_worker.size(), instead);
    };
    if (const auto* b = worker_host::of(*this).budget())
      say(b->full(), "the handles of this node have used up their budget of " + size_text(b->limit()) + " with what they have sent");
    say("the worker has ", "the handles of this node have ");
    return e;
  }
  void ask(said s) {
    auto body = std::move(s.what.body);
    auto to = std::exchange(s.to, nullptr);
    auto patience = s.patience;
    request(*to, std::move(body), patience, [this, s = std::move(s)](result<message_ptr> r) mutable {
      if (r && (*r)->bytes().size() >= long_reply::at_least)
        s.sender->home_system->scheduler().enqueue(new long_reply{std::move(s), std::move(*r)});
      else if (r)
        tell(s, std::move(*r));
      else
        s.answer(to_caf(of_handles(r.error()), worker_host::of(*this).reason_of_outcome()));
    });
  }

  std::size_t max_message_;
  std::shared_ptr<gate_box> box_;
  std::vector<said> room_; ///< empty; its memory is for what is said next
};

} // namespace

route_or_text::route_or_text(std::string_view text, const channel_terms& how) {
  auto order = order_channels(address{"_internal.actors"}, text, how);
  if (!order)
    throw std::invalid_argument{to_string(order.error())};
  route_ = std::move(order->to);
  order_ = std::move(order->body);
}

caf::actor remote(actor_home from, route_or_text to, std::chrono::milliseconds patience) {
  if (!to.order().empty()) // by the same gate, and so before what goes through them
    caf::anon_send(remote(from, route{address{std::string{channel_maker_address}}}, patience), to.order());
  return actors::remote(from.system(), to.take(), patience, plain_format());
}

caf::actor actors::remote(caf::actor_system& system, route to, std::chrono::milliseconds patience,
                          const message_format& format) {
  auto gate = find_shared<gate_box>(system, gate_name);
  if (!gate)
    throw std::logic_error{"ockam::remote is for the actors of a node"};
  // Else what is said to it would be an error of the gate, which is that of all handles.
  bool is_long = to.size() > max_route_hops
                 || std::any_of(to.begin(), to.end(), [](const address& a) { return a.name.size() > max_name_length; });
  if (is_long)
    throw std::invalid_argument{"a route has at most " + std::to_string(max_route_hops) + " hops, and their names at most "
                                + std::to_string(max_name_length) + " bytes"};
  caf::actor_config cfg;
  return caf::make_actor<remote_handle, caf::actor>(system.next_actor_id(), system.node(), &system, cfg,
                                                    std::move(gate), std::move(to), patience, format);
}

std::unique_ptr<worker> make_remote_gate(std::size_t max_message) { return std::make_unique<remote_gate>(max_message); }

void forget_remote_gate(caf::actor_system& system) { unshare(system, gate_name); }

} // namespace ockam
