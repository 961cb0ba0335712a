// SPDX-License-Identifier: Apache-2.0
// Requests about listeners and connections of all transports: create, list, delete.
#include "runtime/control/handlers.hpp"
#include "runtime/control/render.hpp"
#include "runtime/links/allow.hpp"
#include "runtime/links/listen_address.hpp"

#include <algorithm>

namespace ockam {

namespace {

/// What it admits is written out: its place among the listeners may change.
config_section section_of(const control::CreateListener& m, const std::vector<std::string>& allow, const listener_info& l) {
  config_section s{m.transport() + "-listener", {}, values_of<option_texts>(m.options())};
  s.keys["address"] = with_real_port(m.address(), l.socket_address);
  s.keys["allow"] = allow_text(allow);
  return s;
}

config_section section_of(const connection_config& c, const std::string& name) {
  config_section s{c.transport + "-connection", name, c.options};
  s.keys["address"] = c.address;
  if (!c.allow.empty())
    s.keys["allow"] = allow_text(c.allow);
  return s;
}

std::string without_type(const std::string& address) {
  return address.starts_with("0#") ? address.substr(2) : address;
}

/// One without a name allows nobody now, and would be read as nothing said, which may mean `services`, at the next start.
template <class Names>
result<void> check_allow(const Names& names) {
  if (std::any_of(names.begin(), names.end(), [](const auto& n) { return n.empty(); }))
    return error{errc::invalid_argument, "allow: a worker without a name", "the address of a worker; nothing stands for none"};
  return {};
}

} // namespace

void control_handlers::create_listener(requester from, const control::CreateListener& m) {
  auto t = parts_.transports.find(m.transport());
  if (!t)
    return answer(from, t.error());
  if (auto ok = check_allow(m.allow()); !ok)
    return answer(from, ok);
  listen_options o;
  o.allow = or_services_if_first({m.allow().begin(), m.allow().end()}, !has_listener());
  o.extra = values_of<transport_options>(m.options());
  auto allow = o.allow;
  (*t)->listen(m.address(), std::move(o), [this, from, m, t = *t, allow = std::move(allow)](result<listener_info> l) {
    if (!l)
      return answer(from, l.error());
    control::Response r;
    render(*r.mutable_listener(), *l);
    keep(section_of(m, allow, *l), l->address, from, std::move(r), [t, at = l->address] { (void)t->close_listener(at); });
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
  if (auto ok = check_allow(m.allow()); !ok)
    return answer(from, ok);
  connection_config c;
  c.transport = m.transport();
  c.address = m.address();
  c.allow = {m.allow().begin(), m.allow().end()};
  c.options = values_of<transport_options>(m.options());
  auto answered = [this, from, c, t = *t, once = m.once()](result<link_info> l) {
    if (!l)
      return answer(from, l.error());
    control::Response r;
    render(*r.mutable_connection(), *l);
    if (once) // it is not to come back
      return answer(from, std::move(r));
    auto name = without_type(l->worker_address);
    keep(section_of(c, name), name, from, std::move(r), [this, t, name] { (void)parts_.connections.remove(*t, name); });
  };
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
                                  result<std::string> (control_handlers::*close)(transport&, std::string_view),
                                  std::string_view suffix) {
  auto t = parts_.transports.find(transport_name);
  if (!t)
    return answer(from, t.error());
  std::string_view which = address_text;
  for (std::string_view prefix : {"/worker/", "/service/"})
    if (which.starts_with(prefix))
      which.remove_prefix(prefix.size());
  auto closed = (this->*close)(**t, which);
  if (!closed)
    return answer(from, closed.error());
  let_go(transport_name + std::string{suffix}, *closed, from);
}

result<std::string> control_handlers::close_listener(transport& t, std::string_view which) {
  auto before = t.listeners();
  if (auto ok = t.close_listener(which); !ok)
    return std::move(ok).error();
  auto after = t.listeners();
  for (const auto& l : before)
    if (std::none_of(after.begin(), after.end(), [&](auto& o) { return o.address == l.address; }))
      return l.address;
  return std::string{};
}

result<std::string> control_handlers::close_connection(transport& t, std::string_view which) {
  auto before = parts_.connections.links(t);
  if (!parts_.connections.remove(t, which)) {
    // One that came in, or that was not to come back.
    if (auto ok = t.close_link(which); !ok)
      return std::move(ok).error();
    return std::string{};
  }
  auto after = parts_.connections.links(t);
  for (const auto& l : before)
    if (l.lasting && std::none_of(after.begin(), after.end(), [&](auto& o) { return o.lasting && o.worker_address == l.worker_address; }))
      return without_type(l.worker_address);
  return std::string{};
}

} // namespace ockam
