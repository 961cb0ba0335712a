// SPDX-License-Identifier: Apache-2.0
#include "runtime/worker.hpp"

#include "runtime/core/switchboard.hpp"

namespace ockam {

const address& worker::self() const noexcept {
  return host_->self();
}

std::string_view worker::node_name() const noexcept {
  return host_->node_name();
}

void worker::reply(message_ptr request) {
  request->header.make_reply(self());
  request->source = {};
  host_->deliver(std::move(request));
}

void worker::reply(message_ptr request, payload body) {
  request->body = std::move(body);
  reply(std::move(request));
}

void worker::reply_error(message_ptr request, std::string_view detail, payload body) {
  if (request->header.wants_report())
    return host_->drop(std::move(request), drop_reason::service_error, detail);
  reply(std::move(request), std::move(body));
}

void worker::forward(message_ptr m) {
  m->header.pop_onward();
  m->header.push_return(self());
  m->source = {};
  host_->deliver(std::move(m));
}

void worker::deliver(message_ptr m) {
  m->source = {};
  host_->deliver(std::move(m));
}

void worker::send(const route& onward, payload body) {
  host_->deliver(make_message(onward, self(), std::move(body)));
}

void worker::drop(message_ptr m, drop_reason why, std::string_view detail) {
  host_->drop(std::move(m), why, detail);
}

std::uint64_t worker::set_timer(std::chrono::milliseconds delay) {
  return host_->set_timer(delay);
}

void worker::stop() {
  host_->stop();
}

} // namespace ockam
