// SPDX-License-Identifier: Apache-2.0
#include "relays/relays.hpp"

#include "relays/relay_client.hpp"
#include "relays/relay_protocol.hpp"
#include "runtime/links/relay_names.hpp"

#include <map>
#include <utility>

namespace ockam {

namespace {

/// The relays of a node, a worker each.
class relay_clients final : public relays {
 public:
  explicit relay_clients(relays_context c) : context_{c} {}

  result<void> add(const relay_config& c) override;
  result<void> remove(const std::string& name) override;
  std::vector<relay_info> list() const override;
  std::optional<relay_info> find(const std::string& name) const override;
  void when_settled(const std::string& name, std::chrono::milliseconds timeout, std::function<void()> done) override;

 private:
  struct entry {
    address worker;
    std::shared_ptr<relay_status> status;
  };

  /// The transport of the connection that it needs; null: the route begins with a worker of this node.
  result<transport*> transport_for(const route& way) const;
  relay_info info_of(const relay_status& s) const;

  relays_context context_;
  std::map<std::string, entry> relays_;
  std::uint32_t next_seed_ = static_cast<std::uint32_t>(random_ping_number()); ///< nodes do not try again in step
};

result<transport*> relay_clients::transport_for(const route& way) const {
  if (way.front().is_local())
    return nullptr;
  auto* t = context_.transports.find(way.front().type);
  if (!t)
    return error{errc::unsupported, "this node has no transport for " + to_string(way.front()), {}};
  return t;
}

result<void> relay_clients::add(const relay_config& c) {
  if (relays_.contains(c.name))
    return error{errc::already_exists, "A relay with the name '" + printable(c.name) + "' already exists",
                 "see it with: ockam relay show " + printable(c.name)};
  for (const auto& name : {c.name, c.relay_address})
    if (auto ok = check_typed_relay_name(name); !ok)
      return ok;
  auto way = parse_relay_route(c.at);
  if (!way)
    return std::move(way).error();
  auto own = transport_for(*way);
  if (!own)
    return std::move(own).error();
  entry made{random_address(), std::make_shared<relay_status>()};
  made.status->info.name = c.name;
  made.status->info.at = c.at;
  made.status->since = context_.node.reactor.now();
  worker_options o;
  o.type = "relay-client";
  auto ok = context_.node.workers.start(
    made.worker, std::make_unique<relay_client>(context_, c, std::move(*way), *own, made.status, next_seed_++),
    std::move(o));
  if (ok)
    relays_.emplace(c.name, std::move(made));
  return ok;
}

result<void> relay_clients::remove(const std::string& name) {
  auto it = relays_.find(name);
  if (it == relays_.end())
    return error{errc::not_found, "The relay " + printable(name) + " was not found", "see them with: ockam relay list"};
  auto gone = std::move(it->second);
  relays_.erase(it);
  (void)context_.node.workers.stop(gone.worker);
  gone.status->settle();
  return {};
}

relay_info relay_clients::info_of(const relay_status& s) const {
  auto out = s.info;
  out.since = std::chrono::duration_cast<std::chrono::milliseconds>(context_.node.reactor.now() - s.since);
  if (out.state != relay_state::up) {
    out.remote_address.clear();
    out.forwarding_route.clear();
    out.worker_address.clear();
    out.flow_control_id.clear();
  }
  return out;
}

std::vector<relay_info> relay_clients::list() const {
  std::vector<relay_info> out;
  for (const auto& [name, e] : relays_)
    out.push_back(info_of(*e.status));
  return out;
}

std::optional<relay_info> relay_clients::find(const std::string& name) const {
  auto it = relays_.find(name);
  return it == relays_.end() ? std::nullopt : std::optional{info_of(*it->second.status)};
}

void relay_clients::when_settled(const std::string& name, std::chrono::milliseconds timeout,
                                 std::function<void()> done) {
  auto it = relays_.find(name);
  if (it == relays_.end() || it->second.status->is_settled())
    return done();
  // Whichever comes first.
  auto once = std::make_shared<std::function<void()>>(std::move(done));
  auto tell = [once] {
    if (auto f = std::exchange(*once, nullptr))
      f();
  };
  auto timer = context_.node.reactor.after(timeout, tell);
  it->second.status->waiting.push_back([tell, timer, &reactor = context_.node.reactor] {
    reactor.cancel(timer);
    tell();
  });
}

} // namespace

std::unique_ptr<relays> make_relays(relays_context c) { return std::make_unique<relay_clients>(c); }

} // namespace ockam
