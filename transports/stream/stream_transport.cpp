// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/stream_transport.hpp"

#include "runtime/links/allow.hpp"
#include "runtime/net/socket_keeper.hpp"
#include "transports/stream/proxy_key.hpp"
#include "transports/stream/stream_keys.hpp"

#include <algorithm>

namespace ockam {

/// A listening socket. Its flow control id is the spawner id of the links that it makes; they share that of the
/// services where it admits these.
class stream_transport::listener final : public net::acceptor_events, public net::kept_listener {
 public:
  /// `heir`: the id is another one's, until this one is told what to admit.
  listener(stream_transport& owner, std::string name, stream_wrapper wrap, std::uint32_t flow, bool heir, std::size_t most)
    : owner_{owner}, name_{std::move(name)}, wrap_{std::move(wrap)}, flow_{flow}, most_{most}, has_rights_{!heir} {}
  ~listener() {
    acceptor_.reset();
    if (has_rights_)
      owner_.end_rights(flow_);
  }

  result<void> open(const stream_place& at) {
    auto a = at.open(owner_.env_.reactor(), *this);
    if (!a)
      return std::move(a).error();
    acceptor_ = std::move(*a);
    return {};
  }

  bool is(std::string_view which) const {
    return which == acceptor_->local() || which == address_.name || which == to_string(address_);
  }

  void admit(const std::vector<std::string>& allow) {
    has_rights_ = true;
    services_ = allows_services(allow) ? owner_.env_.context.node.flows.services : 0;
    owner_.admit(flow_, allow);
  }
  /// Its links are another one's from now on.
  void retire() { has_rights_ = false; }

  listener_info info() const {
    listener_info i;
    i.transport = owner_.env_.kind.name;
    i.name = name_;
    i.socket_address = acceptor_->local();
    i.address = to_string(address_);
    i.flow = flow_;
    i.services = services_ != 0;
    i.flow_control_id = owner_.env_.board().flows().text(flow_);
    i.accepted = accepted_;
    i.refused = refused_;
    i.connections = guests_->links.size();
    i.carried = guests_->past;
    for (const auto* l : guests_->links)
      i.carried += l->carried();
    return i;
  }

 private:
  void on_accept(net::stream_ptr s) override {
    auto& board = owner_.env_.board();
    auto remote = s->peer();
    if (owner_.env_.reactor().short_of_descriptors())
      return on_out_of_descriptors();
    bool own = guests_->links.size() >= most_;
    if (own || !owner_.env_.context.may_accept()) {
      ++refused_;
      board.refused().add(refusal::too_many_connections);
      owner_.env_.hostile.write(level::warn, owner_.env_.kind.name, "too-many-connections",
                                "closed a connection from " + remote + ": max-connections of the " + (own ? "listener" : "node") + " is reached",
                                owner_.env_.reactor().now());
      return;
    }
    message_source source{board.flows().create(), flow_, services_};
    auto link = owner_.start_link(wrap_ ? wrap_(std::move(s), flow_) : std::move(s), std::move(remote), source, guests_, nullptr, {});
    if (!link)
      return log(level::error, owner_.env_.kind.name, link.error());
    ++accepted_;
  }

  /// Those that were made at the prompt have no name that the next process would know.
  std::string kept_as() const override { return name_.empty() ? name_ : std::string{owner_.env_.kind.name} + "-listener/" + name_; }

  void on_out_of_descriptors() override {
    ++refused_;
    owner_.env_.board().refused().add(refusal::out_of_descriptors);
    owner_.env_.hostile.write(level::warn, owner_.env_.kind.name, "out-of-descriptors",
                              "closed a connection: this process may not open more files (raise ulimit -n)",
                              owner_.env_.reactor().now());
  }

  stream_transport& owner_;
  const std::string name_;
  stream_wrapper wrap_;
  const std::uint32_t flow_;
  const std::size_t most_; ///< connections at one time
  bool has_rights_; ///< its end is that of what its links may reach
  std::uint32_t services_ = 0; ///< the id that its links share with others, if it admits services
  net::acceptor_ptr acceptor_;
  address address_ = random_address();
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  guest_list guests_ = std::make_shared<guests>();
};

/// A connect under way.
struct stream_transport::attempt {
  net::connecting_ptr connecting;
  options_ptr options;
  stream_peer to;
  connected done;
};

stream_transport::stream_transport(stream_kind kind, transport_context context)
  : env_{std::move(kind), context, rate_limited_log{context.node.limits.log_interval},
         std::make_unique_for_overwrite<std::byte[]>(stream_environment::scratch_size), {}, this} {}

stream_transport::~stream_transport() = default;

void stream_transport::listen(const std::string& where, listen_options o, opened done) {
  auto at = env_.kind.place(env_.context, where, o.extra);
  if (!at)
    return done(at.error());
  bool heir = o.heir_of != 0;
  auto flow = heir ? o.heir_of : env_.board().flows().create();
  auto l = std::make_unique<listener>(*this, o.name, at->wrap, flow, heir, connections_allowed(o.extra, env_.limit()));
  if (auto ok = l->open(*at); !ok)
    return done(ok.error());
  if (!heir)
    l->admit(o.allow);
  listeners_.push_back(std::move(l));
  done(listeners_.back()->info());
}

void stream_transport::connect(const std::string& where, connect_options o, connected done) {
  if (env_.kind.by_proxy && !o.proxy.empty())
    o.extra.try_emplace(std::string{proxy_keys.front().name}, o.proxy);
  auto to = env_.kind.peer(env_.context, where, o.extra);
  if (!to)
    return done(to.error());
  auto a = std::make_shared<attempt>();
  auto number = ++last_attempt_;
  a->to = std::move(*to);
  a->done = std::move(done);
  auto timeout = o.timeout;
  a->options = std::make_shared<const connect_options>(std::move(o));
  attempts_.emplace(number, a);
  a->connecting = a->to.connect(env_.reactor(), timeout, [this, number](result<net::stream_ptr> s) {
    auto it = attempts_.find(number);
    if (it == attempts_.end())
      return;
    auto self = std::move(it->second); // keeps `connecting`, inside which this runs, until the end
    attempts_.erase(it);
    if (!s)
      return self->done(s.error());
    auto& board = env_.board();
    auto given = self->options->producer;
    message_source source{given != 0 ? given : board.flows().create(), 0, env_.context.node.flows.outgoing};
    auto link_name = std::make_shared<address>();
    auto stream = self->to.wrap ? self->to.wrap(std::move(*s), 0) : std::move(*s);
    auto link = start_link(std::move(stream), self->to.name, source, nullptr, self->options,
                           [this, self, link_name](result<void> up) {
                             if (!up)
                               return self->done(up.error());
                             auto l = links_.find(*link_name);
                             if (l == links_.end())
                               return self->done(error{errc::closed, "the connection ended at once", {}});
                             self->done(info_of(*l->second));
                           });
    if (!link)
      return self->done(link.error());
    *link_name = *link;
    allow_workers(board, source.producer, self->options->allow, name());
  });
}

result<address> stream_transport::start_link(net::stream_ptr s, std::string remote, message_source source, guest_list its,
                                             options_ptr options, stream_link::opened on_open) {
  auto name = random_address();
  auto ended = [this, its, options](stream_link& l, bool was_up, const std::string& why) {
    auto last = info_of(l);
    link_ended(l, last, its);
    drop_flow(l.source(), options.get());
    if (was_up && options && options->on_end)
      options->on_end(last, why);
  };
  auto link = std::make_unique<stream_link>(env_, std::move(s), options != nullptr, std::move(remote),
                                            options ? options->alias : std::string{}, source, std::move(on_open),
                                            std::move(ended));
  auto* raw = link.get();
  worker_options o;
  o.type = env_.kind.link_type;
  o.producer = source.producer;
  links_.emplace(name, raw);
  by_ledger_.emplace(raw->ledger_id(), raw);
  ++env_.context.connections;
  if (its)
    its->links.insert(raw);
  if (env_.kind.heartbeat && heartbeat_timer_ == 0)
    heartbeat_timer_ = env_.reactor().after(stream_link::heartbeat_period, [this] { beat(); });
  auto started = env_.context.node.workers.start(name, std::move(link), std::move(o));
  if (!started) {
    links_.erase(name);
    std::erase_if(by_ledger_, [&](auto& e) { return e.second == raw; });
    --env_.context.connections;
    if (its)
      its->links.erase(raw);
    drop_flow(source, options.get());
    return std::move(started).error();
  }
  return name;
}

void stream_transport::link_ended(stream_link& l, const link_info& last, const guest_list& its) {
  links_.erase(address{last.link_address});
  by_ledger_.erase(l.ledger_id());
  --env_.context.connections;
  if (its) {
    its->links.erase(&l);
    its->past += last;
  }
}

void stream_transport::drop_flow(message_source source, const connect_options* o) {
  if (!o || o->producer == 0)
    env_.board().remove_flow(source.producer);
}

link_info stream_transport::info_of(const stream_link& l) const {
  auto i = l.info();
  i.flow_control_id = env_.board().flows().text(l.source().producer);
  return i;
}

std::vector<listener_info> stream_transport::listeners() const {
  std::vector<listener_info> out;
  for (const auto& l : listeners_)
    out.push_back(l->info());
  return out;
}

std::vector<link_info> stream_transport::links() const {
  std::vector<link_info> out;
  for (const auto& [name, l] : links_)
    out.push_back(info_of(*l));
  std::sort(out.begin(), out.end(), &listed_before);
  return out;
}

std::optional<link_info> stream_transport::find_link(address_view link) const {
  auto it = links_.find(link);
  return it == links_.end() ? std::nullopt : std::optional{info_of(*it->second)};
}

result<stream_transport::listener*> stream_transport::find_listener(std::string_view which) const {
  auto it = std::find_if(listeners_.begin(), listeners_.end(), [&](auto& l) { return l->is(which); });
  if (it == listeners_.end())
    return error{errc::not_found, "there is no " + std::string{env_.kind.name} + " listener at " + printable(which),
                 "see them with: ockam " + std::string{env_.kind.name} + "-listener list"};
  return it->get();
}

result<void> stream_transport::admit(std::string_view which, const std::vector<std::string>& allow) {
  auto l = find_listener(which);
  if (!l)
    return std::move(l).error();
  (*l)->admit(allow);
  return {};
}

void stream_transport::retire_listener(std::string_view which) {
  auto l = find_listener(which);
  if (!l)
    return;
  (*l)->retire();
  std::erase_if(listeners_, [&](auto& p) { return p.get() == *l; });
}

void stream_transport::close_doors() {
  for (auto& l : listeners_)
    l->retire();
  listeners_.clear();
}

output_state stream_transport::output() {
  output_state all;
  for (const auto& [name, l] : links_) {
    auto one = l->output();
    all.moves = all.moves || one.moves;
    all.stuck += one.stuck;
  }
  return all;
}

void stream_transport::look_again() {
  if (env_.kind.look_again)
    env_.kind.look_again();
}

/// What comes in by links of the listener with this id may reach these workers and no others.
void stream_transport::admit(std::uint32_t flow, const std::vector<std::string>& allow) {
  env_.board().revoke(flow);
  for (auto& [at, l] : links_)
    if (l->source().spawner == flow)
      l->share(allows_services(allow) ? env_.context.node.flows.services : 0);
  allow_workers(env_.board(), flow, allow, name());
}

void stream_transport::end_rights(std::uint32_t flow) {
  admit(flow, {});
  env_.board().remove_flow(flow);
}

result<void> stream_transport::close_listener(std::string_view which) {
  auto l = find_listener(which);
  if (!l)
    return std::move(l).error();
  std::erase_if(listeners_, [&](auto& p) { return p.get() == *l; });
  return {};
}

result<void> stream_transport::close_link(std::string_view which) {
  auto plain = which.starts_with("0#") ? which.substr(2) : which;
  auto it = links_.find(address_view{transport_type::local, plain});
  if (it == links_.end())
    it = std::find_if(links_.begin(), links_.end(), [&](auto& e) { return e.second->remote() == which; });
  if (it == links_.end())
    return error{errc::not_found, "there is no " + std::string{env_.kind.name} + " connection " + printable(which),
                 "see them with: ockam " + std::string{env_.kind.name} + "-connection list"};
  auto name = it->first;
  it->second->on_stop(); // closes now; the actor follows
  (void)env_.context.node.workers.stop(name);
  return {};
}

void stream_transport::stop() {
  env_.reactor().cancel(std::exchange(heartbeat_timer_, 0));
  listeners_.clear();
  auto pending = std::move(attempts_);
  attempts_.clear();
  for (auto& [number, a] : pending)
    a->done(error{errc::closed, "the node is stopping", {}});
  while (!links_.empty())
    links_.begin()->second->on_stop();
}

void stream_transport::budget_available(std::uint64_t ledger_id) noexcept {
  env_.reactor().post([this, ledger_id] {
    if (auto it = by_ledger_.find(ledger_id); it != by_ledger_.end())
      it->second->resume();
  });
}

void stream_transport::beat() {
  heartbeat_timer_ = 0;
  if (links_.empty())
    return;
  for (auto it = links_.begin(); it != links_.end();)
    (it++)->second->heartbeat(); // which may close this link
  heartbeat_timer_ = env_.reactor().after(stream_link::heartbeat_period, [this] { beat(); });
}

} // namespace ockam
