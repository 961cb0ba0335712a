// SPDX-License-Identifier: Apache-2.0
// Requests about listeners and connections of all transports: create, list, delete.
#include "runtime/control/handlers.hpp"
#include "runtime/control/render.hpp"
#include "runtime/links/allow.hpp"

#include <algorithm>

namespace ockam {

void control_handlers::create_listener(requester from, const control::CreateListener& m) {
  auto t = parts_.transports.find(m.transport());
  if (!t)
    return answer(from, t.error());
  listen_options o;
  o.allow = or_services_if_first({m.allow().begin(), m.allow().end()}, !has_listener());
  o.extra = values_of<transport_options>(m.options());
  (*t)->listen(m.address(), std::move(o), [this, from](result<listener_info> l) {
    if (!l)
      return answer(from, l.error());
    control::Response r;
    render(*r.mutable_listener(), *l);
    answer(from, std::move(r));
  });
}

bool control_handlers::has_listener() const {
  return std::any_of(parts_.transports.begin(), parts_.transports.end(), [](auto& t) { return !t->listeners().empty(); });
}

void control_handlers::list_listeners(requester from, const std::string& transport_name) {
  auto t = parts_.transports.find(transport_name);
  if (!t)
    return answer(from, t.error());
  control::Response r;
  r.mutable_listeners();
  for (auto& l : (*t)->listeners())
    render(*r.mutable_listeners()->add_listeners(), l);
  answer(from, std::move(r));
}

void control_handlers::create_connection(requester from, const control::CreateConnection& m,
                                         std::chrono::milliseconds timeout) {
  auto t = parts_.transports.find(m.transport());
  if (!t)
    return answer(from, t.error());
  auto answered = [this, from](result<link_info> l) {
    if (!l)
      return answer(from, l.error());
    control::Response r;
    render(*r.mutable_connection(), *l);
    answer(from, std::move(r));
  };
  connection_config c;
  c.transport = m.transport();
  c.address = m.address();
  c.allow = {m.allow().begin(), m.allow().end()};
  c.options = values_of<transport_options>(m.options());
  if (!m.once())
    return parts_.connections.create(c, **t, timeout, std::move(answered));
  connect_options o;
  o.allow = std::move(c.allow);
  o.timeout = timeout;
  o.extra = std::move(c.options);
  (*t)->connect(c.address, std::move(o), std::move(answered));
}

void control_handlers::list_connections(requester from, const std::string& transport_name) {
  auto t = parts_.transports.find(transport_name);
  if (!t)
    return answer(from, t.error());
  control::Response r;
  r.mutable_connections();
  for (auto& l : parts_.connections.links(**t))
    render(*r.mutable_connections()->add_connections(), l);
  answer(from, std::move(r));
}

void control_handlers::delete_one(requester from, const std::string& transport_name, const std::string& address_text,
                                  result<void> (control_handlers::*close)(transport&, std::string_view)) {
  auto t = parts_.transports.find(transport_name);
  if (!t)
    return answer(from, t.error());
  std::string_view which = address_text;
  for (std::string_view prefix : {"/worker/", "/service/"})
    if (which.starts_with(prefix))
      which.remove_prefix(prefix.size());
  answer(from, (this->*close)(**t, which));
}

result<void> control_handlers::close_listener(transport& t, std::string_view which) {
  return t.close_listener(which);
}

result<void> control_handlers::close_connection(transport& t, std::string_view which) {
  auto ended = parts_.connections.remove(t, which);
  return ended ? ended : t.close_link(which); // one that came in, or that was not to come back
}

} // namespace ockam
