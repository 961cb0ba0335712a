// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_service.hpp"

#include "runtime/core/bare.hpp"
#include "runtime/core/provenance.hpp"
#include "runtime/core/switchboard.hpp"
#include "runtime/workers/worker_host.hpp"

#include <caf/exit_reason.hpp>
#include <caf/message_handler.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>

#include <stdexcept>
#include <unordered_map>
#include <vector>

namespace ockam {

namespace {

/// Asks an actor on behalf of whoever sends to the service, and answers with what it says.
///
///     on_message ══request══▶ actor
///                                │ what a handler returns, or an error
///     answer_all ◀──ready_── answered
///
/// What it has asked waits in `asked_`, charged to the service's budget, until it is answered. The actor ends with the
/// service, and the service with the actor: as failed, if the actor has not ended normally.
class actor_worker final : public worker {
 public:
  explicit actor_worker(actor_factory spawn) : spawn_{std::move(spawn)} {}

  void on_start() override;
  void on_message(message_ptr m) override;
  void on_stop() noexcept override;

 private:
  struct answer {
    message_ptr to;
    payload body;
    std::optional<std::string> error;
  };

  caf::scheduled_actor& me() const { return worker_host::of(*this).actor(); }
  std::string words_of(const caf::error& e) const;
  void answered(payload body, std::optional<std::string> error = {});
  void refused(const caf::error& why);
  void answer_all();
  void actor_ended(const caf::error& reason);

  actor_factory spawn_;
  caf::actor actor_;
  caf::behavior answers_;
  std::unordered_map<caf::message_id, message_ptr> asked_;
  std::vector<answer> ready_;
};

void actor_worker::on_start() {
  auto& self = me();
  actor_ = spawn_(self.home_system());
  if (!actor_)
    throw std::runtime_error{"no actor was spawned for it"};
  answers_ = caf::message_handler{
    [this](const content& c) { answered(payload{c.bytes()}); },
    [this](const std::string& text) { answered(text_payload(text)); },
    [this] { answered({}, ""); }, // a handler that returns nothing: whoever asked gets none
    [this](const caf::error& why) { refused(why); },
  };
  self.monitor(actor_);
  self.set_down_handler([this, box = my_postbox()](caf::down_msg& down) {
    if (down.source == actor_.address())
      box.post([this, why = std::move(down.reason)] { actor_ended(why); });
  });
}

/// The message goes to the actor; the way back, with what the message holds of the budget, waits for the answer.
void actor_worker::on_message(message_ptr m) {
  auto waiting = std::make_unique<message>();
  waiting->header.push_onward(m->header.next());
  m->header.each_return([&](address_view a) { waiting->header.append_return(a); });
  waiting->header.flags(m->header.flags());
  waiting->header.hop_budget(m->header.hop_budget());
  waiting->header.traced(m->header.traced());
  waiting->seen = m->seen;
  waiting->held = std::move(m->held);
  provenance::inherit(*waiting, *m);
  auto& self = me();
  auto id = self.new_request_id(caf::message_priority::normal);
  actor_->eq_impl(id, self.ctrl(), self.context(), ockam::request{std::shared_ptr<const message>{std::move(m)}});
  self.add_multiplexed_response_handler(id.response_id(), answers_);
  asked_.emplace(id.response_id(), std::move(waiting));
}

void actor_worker::on_stop() noexcept {
  for (auto& [id, m] : asked_)
    drop(std::move(m), drop_reason::worker_failed);
  if (actor_)
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
}

std::string actor_worker::words_of(const caf::error& e) const {
  if (e.context().match_elements<std::string>())
    return e.context().get_as<std::string>(0);
  return me().home_system().render(e);
}

/// The answers that are here already go out together.
void actor_worker::answered(payload body, std::optional<std::string> error) {
  auto it = asked_.find(me().current_mailbox_element()->mid);
  if (it == asked_.end())
    return;
  if (ready_.empty())
    my_postbox().post([this] { answer_all(); });
  ready_.push_back({std::move(it->second), std::move(body), std::move(error)});
  asked_.erase(it);
}

void actor_worker::refused(const caf::error& why) {
  if (why == caf::sec::request_receiver_down)
    return; // why it is down is known when that is heard
  if (why == caf::sec::unexpected_message)
    return answered({}, "the actor does not handle requests");
  if (why == caf::sec::unexpected_response)
    return answered({}, "the actor answered with what is no payload");
  answered({}, words_of(why));
}

void actor_worker::answer_all() {
  for (auto& a : std::exchange(ready_, {}))
    if (!a.error)
      reply(std::move(a.to), std::move(a.body));
    else if (!a.error->empty())
      reply_error(std::move(a.to), *a.error);
}

void actor_worker::actor_ended(const caf::error& reason) {
  answer_all();
  actor_ = nullptr;
  bool well = !reason || reason == caf::exit_reason::normal;
  auto words = well ? "it has ended" : words_of(reason);
  for (auto& [id, m] : std::exchange(asked_, {}))
    drop(std::move(m), drop_reason::worker_failed, words);
  if (!well)
    throw std::runtime_error{words};
  stop();
}

} // namespace

std::string request::text() const {
  if (auto t = message_->text())
    return std::string{*t};
  throw std::invalid_argument{"the payload is not text"};
}

content text(std::string_view t) {
  return content{text_payload(t)};
}

content bytes(std::span<const std::byte> b) {
  return content{payload{b}};
}

std::unique_ptr<worker> make_actor_worker(actor_factory spawn) {
  return std::make_unique<actor_worker>(std::move(spawn));
}

void actors::set_defaults(caf::scheduled_actor& a) {
  a.set_exception_handler([](std::exception_ptr& e) { return reason_of(e); });
  a.set_default_handler(caf::drop);
}

caf::error actors::reason_of(std::exception_ptr e) {
  std::string words = "an exception that is no std::exception";
  try {
    std::rethrow_exception(std::move(e));
  } catch (const std::exception& known) {
    words = known.what();
  } catch (...) {
  }
  return caf::make_error(caf::sec::runtime_error, words);
}

} // namespace ockam
