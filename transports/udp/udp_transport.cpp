// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_transport.hpp"

#include "runtime/core/endpoint.hpp"
#include "runtime/links/allow.hpp"
#include "transports/udp/udp_entry.hpp"

#include <algorithm>

namespace ockam {

/// A connect whose peer's name is being looked up.
struct udp_transport::attempt {
  net::connecting_ptr lookup;
  options_ptr options;
  udp_options udp;
  endpoint to;
  connected done;
};

udp_transport::udp_transport(transport_context context) : env_{context, rate_limited_log{context.node.limits.log_interval}} {}

udp_transport::~udp_transport() = default;

void udp_transport::listen(const std::string& where, listen_options o, opened done) {
  auto at = parse_socket_address(where);
  if (!at)
    return done(at.error());
  auto udp = read_udp_options(o.extra, true);
  if (!udp)
    return done(udp.error());
  auto socket = env_.reactor().open_datagrams(*at);
  if (!socket)
    return done(socket.error());
  message_source source{env_.board().flows().create(), env_.board().flows().create()};
  auto local = (*socket)->local();
  auto worker = udp->worker.empty() ? random_address() : address{udp->worker};
  auto link = start_link(std::move(*socket), worker, std::nullopt, std::move(local), source, *udp, nullptr);
  if (!link)
    return done(link.error());
  section_names_.emplace(source.spawner, o.name);
  admit(**link, o.allow);
  done(listener_of(**link));
}

void udp_transport::connect(const std::string& where, connect_options o, connected done) {
  auto to = parse_endpoint(where);
  if (!to)
    return done(to.error());
  if (to->port == 0)
    return done(error{errc::invalid_address, "port 0 is no place to send datagrams to", "for example 127.0.0.1:4000"});
  auto udp = read_udp_options(o.extra, false);
  if (!udp)
    return done(udp.error());
  auto a = std::make_shared<attempt>();
  auto number = ++last_attempt_;
  a->udp = *udp;
  a->to = *to;
  a->done = std::move(done);
  auto timeout = o.timeout;
  a->options = std::make_shared<const connect_options>(std::move(o));
  attempts_.emplace(number, a);
  a->lookup = env_.reactor().resolve(*to, timeout, [this, number](auto found) {
    auto it = attempts_.find(number);
    if (it == attempts_.end())
      return;
    auto self = std::move(it->second); // keeps `lookup`, inside which this runs, until the end
    attempts_.erase(it);
    resolved(*self, std::move(found));
  });
}

void udp_transport::resolved(attempt& a, result<std::vector<ip_endpoint>> found) {
  if (!found)
    return a.done(found.error());
  ip_endpoint peer;
  result<net::datagrams_ptr> socket = error{};
  for (const auto& each : in_order_of_preference(*std::move(found))) // of the families, this host may have a way for one
    if (!socket)
      socket = env_.reactor().open_datagrams_to(peer = each);
  if (!socket)
    return a.done(socket.error());
  auto given = a.options->producer;
  message_source source{given != 0 ? given : env_.board().flows().create(), 0, env_.context.node.flows.outgoing};
  auto link = start_link(std::move(*socket), random_address(), udp_link::fixed_peer{a.to, peer}, to_string(a.to), source,
                         a.udp, a.options);
  if (!link)
    return a.done(link.error());
  allow_workers(env_.board(), source.producer, a.options->allow, name());
  a.done(info_of(**link));
}

result<udp_link*> udp_transport::start_link(net::datagrams_ptr s, const address& at,
                                            const std::optional<udp_link::fixed_peer>& peer, std::string remote,
                                            message_source source, const udp_options& o, options_ptr options) {
  auto ended = [this, options](udp_link& l, const std::string& why) { link_ended(l, options, why); };
  auto link = std::make_unique<udp_link>(env_, std::move(s), peer, std::move(remote), options ? options->alias : std::string{},
                                         source, o, std::move(ended));
  auto* raw = link.get();
  worker_options w;
  w.type = peer ? "udp-link" : "udp-listener";
  w.producer = source.producer;
  // Counted first: it may end inside `on_start`.
  links_.emplace(at, raw);
  if (peer)
    ++env_.context.connections;
  auto started = env_.context.node.workers.start(at, std::move(link), std::move(w));
  if (!started) {
    links_.erase(at);
    if (peer)
      --env_.context.connections;
    drop_flows(source, options);
    return std::move(started).error();
  }
  return raw;
}

/// A listener has an id as one, and another one as the link that it is, which answers come in by.
void udp_transport::drop_flows(message_source source, const options_ptr& options) {
  if (!options || options->producer == 0)
    env_.board().remove_flow(source.producer);
  if (source.spawner != 0) {
    env_.board().revoke(source.spawner);
    env_.board().remove_flow(source.spawner);
  }
}

void udp_transport::admit(udp_link& l, const std::vector<std::string>& allow) {
  auto flow = l.source().spawner;
  env_.board().revoke(flow);
  l.share(allows_services(allow) ? env_.context.node.flows.services : 0);
  allow_workers(env_.board(), flow, allow, name());
}

void udp_transport::link_ended(udp_link& l, const options_ptr& options, const std::string& why) {
  auto last = info_of(l);
  links_.erase(address{last.link_address});
  section_names_.erase(l.source().spawner);
  if (!l.listens())
    --env_.context.connections;
  drop_flows(l.source(), options);
  if (options && options->on_end)
    options->on_end(last, why);
}

/// Closes now; the actor follows.
void udp_transport::close(udp_link& l) {
  address at{l.info().link_address};
  l.on_stop();
  (void)env_.context.node.workers.stop(at);
}

listener_info udp_transport::listener_of(const udp_link& l) const {
  listener_info i;
  i.transport = "udp";
  if (auto it = section_names_.find(l.source().spawner); it != section_names_.end())
    i.name = it->second;
  auto link = l.info();
  i.socket_address = l.remote();
  i.address = to_string(address{link.worker_address});
  i.carried = link;
  i.flow = l.source().spawner;
  i.services = l.source().shared != 0;
  i.flow_control_id = env_.board().flows().text(i.flow);
  i.connections = l.peers();
  return i;
}

link_info udp_transport::info_of(const udp_link& l) const {
  auto i = l.info();
  i.flow_control_id = env_.board().flows().text(l.source().producer);
  return i;
}

std::vector<listener_info> udp_transport::listeners() const {
  std::vector<listener_info> out;
  for (const auto& [name, l] : links_)
    if (l->listens())
      out.push_back(listener_of(*l));
  std::sort(out.begin(), out.end(), [](auto& l, auto& r) { return l.socket_address < r.socket_address; });
  return out;
}

std::vector<link_info> udp_transport::links() const {
  std::vector<link_info> out;
  for (const auto& [name, l] : links_)
    out.push_back(info_of(*l));
  std::sort(out.begin(), out.end(), &listed_before);
  return out;
}

std::optional<link_info> udp_transport::find_link(address_view link) const {
  auto it = links_.find(link);
  return it == links_.end() ? std::nullopt : std::optional{info_of(*it->second)};
}

result<udp_link*> udp_transport::find_listener(std::string_view which) const {
  auto it = std::find_if(links_.begin(), links_.end(), [&](auto& e) {
    return e.second->listens() && (e.second->remote() == which || e.first.name == which || to_string(e.first) == which);
  });
  if (it == links_.end())
    return error{errc::not_found, "there is no udp listener at " + printable(which), "see them with: ockam udp-listener list"};
  return it->second;
}

result<void> udp_transport::admit(std::string_view which, const std::vector<std::string>& allow) {
  auto l = find_listener(which);
  if (!l)
    return std::move(l).error();
  admit(**l, allow);
  return {};
}

result<void> udp_transport::close_listener(std::string_view which) {
  auto l = find_listener(which);
  if (!l)
    return std::move(l).error();
  close(**l);
  return {};
}

output_state udp_transport::output() {
  output_state all;
  for (const auto& [name, l] : links_)
    all.moves = all.moves || l->info().queued_bytes > 0;
  return all;
}

result<void> udp_transport::close_link(std::string_view which) {
  auto plain = which.starts_with("0#") ? which.substr(2) : which;
  auto it = std::find_if(links_.begin(), links_.end(), [&](auto& e) { return e.first.name == plain || e.second->remote() == which; });
  if (it == links_.end())
    return error{errc::not_found, "there is no udp connection " + printable(which), "see them with: ockam udp-connection list"};
  close(*it->second);
  return {};
}

void udp_transport::look_again() {
  for (auto& [at, l] : links_)
    l->look_again();
}

void udp_transport::stop() {
  auto pending = std::exchange(attempts_, {});
  for (auto& [number, a] : pending)
    a->done(error{errc::closed, "the node is stopping", {}});
  while (!links_.empty())
    links_.begin()->second->on_stop();
}

std::unique_ptr<transport> udp_entry::make(transport_context context) {
  return std::make_unique<udp_transport>(std::move(context));
}

} // namespace ockam
