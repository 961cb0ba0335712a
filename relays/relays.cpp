// SPDX-License-Identifier: Apache-2.0
#include "relays/relays.hpp"

#include "relays/keys.hpp"
#include "relays/relay_client.hpp"
#include "relays/relay_protocol.hpp"

#include <map>
#include <utility>

namespace ockam {

namespace {

/// Of the workers that are meant where none is named, those that this node has: not all have a listener of channels.
void leave_out_missing(std::vector<std::string>& allow, switchboard& board) {
  std::erase_if(allow, [&](const auto& name) { return !board.find(address{name}); });
}

result<relay_config> read_relay(const config_section& s, const route_maker& routes, switchboard& board) {
  auto keys = option_values::read(relay_keys, s.keys);
  if (!keys)
    return std::move(keys).error();
  if (auto ok = check_typed_relay_name(s.name); !ok)
    return std::move(ok).error();
  relay_config c;
  c.name = s.name;
  c.at = keys->get<std::string>("at");
  c.relay_address = keys->get<std::string>("relay-address");
  c.allow = keys->get<std::vector<std::string>>("allow");
  if (!s.keys.contains("allow"))
    leave_out_missing(c.allow, board);
  if (c.relay_address.empty())
    c.relay_address = c.name;
  if (auto ok = parse_relay_route(c.at); !ok)
    return std::move(ok).error();
  auto m = parse_multiaddr(c.at);
  channel_wishes how{.lasting = true, .may_end_in_channel = true, .identity = keys->get<std::string>("identity"), .allow = c.allow};
  if (keys->has("authorized"))
    how.authorized = keys->get<std::vector<std::string>>("authorized");
  auto made = m ? routes(*m, how) : result<made_route>{m.error()};
  if (!made)
    return std::move(made).error();
  c.way = std::move(made->to);
  c.channels = std::move(made->channels);
  return c;
}

/// The relays of a node, a worker each.
class relay_clients final : public facility {
 public:
  relay_clients(const facility_context& c, route_maker routes) : context_{c}, routes_{std::move(routes)} {}

  std::string_view kind() const override { return relay_kind; }
  std::span<const key_descriptor> keys() const override { return relay_keys; }
  bool goes_by_connections() const override { return true; }
  /// Without making the channels that it goes through, which need the connections.
  result<void> check(const config_section& s) override;
  result<config_section> begin(const config_section& s) override;
  result<void> end(std::string_view name) override;
  std::vector<item_info> list() const override;
  void when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) override;
  void stop() override;

 private:
  struct entry {
    address worker;
    std::shared_ptr<relay_status> status;
  };

  /// The transport of the connection that it needs; null: the route begins with a worker of this node.
  result<transport*> transport_for(const route& way) const;
  item_info info_of(const std::string& name, const entry& e) const;

  facility_context context_;
  route_maker routes_;
  std::map<std::string, entry, std::less<>> relays_;
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

result<void> relay_clients::check(const config_section& s) {
  auto keys = option_values::read(relay_keys, s.keys);
  if (!keys)
    return std::move(keys).error();
  if (auto ok = check_typed_relay_name(s.name); !ok)
    return ok;
  auto m = parse_multiaddr(keys->get<std::string>("at"));
  auto way = m ? to_route(without_channels(*m)) : result<route>{m.error()};
  if (!way)
    return std::move(way).error();
  if (auto ok = check_relay_keys(*keys); !ok)
    return ok;
  return outcome_of(transport_for(*way));
}

/// Kept without the name there where that is its own.
result<config_section> relay_clients::begin(const config_section& s) {
  if (relays_.contains(s.name))
    return error{errc::already_exists, "A relay with the name '" + printable(s.name) + "' already exists",
                 "see it with: ockam relay show " + printable(s.name)};
  auto c = read_relay(s, routes_, context_.node.board);
  if (!c)
    return std::move(c).error();
  auto own = transport_for(c->way);
  if (!own)
    return std::move(own).error();
  auto kept = s;
  if (c->relay_address == c->name)
    kept.keys.erase("relay-address");
  entry made{random_address(), std::make_shared<relay_status>()};
  made.status->at = c->at;
  made.status->since = context_.node.reactor.now();
  worker_options o;
  o.type = "relay-client";
  auto client = std::make_unique<relay_client>(context_, std::move(*c), *own, made.status, next_seed_++);
  if (auto ok = context_.node.workers.start(made.worker, std::move(client), std::move(o)); !ok)
    return std::move(ok).error();
  relays_.emplace(s.name, std::move(made));
  return kept;
}

result<void> relay_clients::end(std::string_view name) {
  auto it = relays_.find(name);
  if (it == relays_.end())
    return error{errc::not_found, "The relay " + printable(name) + " was not found", "see them with: ockam relay list"};
  auto gone = std::move(it->second);
  relays_.erase(it);
  (void)context_.node.workers.stop(gone.worker);
  gone.status->waiting.settle();
  return {};
}

item_info relay_clients::info_of(const std::string& name, const entry& e) const {
  const auto& s = *e.status;
  auto since = std::chrono::duration_cast<std::chrono::milliseconds>(context_.node.reactor.now() - s.since);
  item_info out{name,
                {{"at", s.at},
                 {"state", std::string{to_string(s.state)}},
                 {"reason", s.reason},
                 {"since_ms", std::to_string(since.count())},
                 {"registrations", std::to_string(s.registrations)},
                 {"connection", s.connection}}};
  if (s.state == relay_state::up)
    out.fields.insert(out.fields.end(), {{"remote_address", s.remote_address},
                                         {"forwarding_route", to_string(s.forwarding_route)},
                                         {"worker_address", e.worker.name},
                                         {"flow_control_id", s.flow_control_id}});
  return out;
}

std::vector<item_info> relay_clients::list() const {
  std::vector<item_info> out;
  for (const auto& [name, e] : relays_)
    out.push_back(info_of(name, e));
  return out;
}

void relay_clients::when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) {
  auto it = relays_.find(name);
  if (it == relays_.end() || it->second.status->is_settled())
    return done();
  it->second.status->waiting.wait(context_.node.reactor, within, std::move(done));
}

void relay_clients::stop() {
  while (!relays_.empty())
    (void)end(relays_.begin()->first);
}

} // namespace

facility_factory make_relays(route_maker routes) {
  return [routes = std::move(routes)](const facility_context& c) -> std::unique_ptr<facility> { return std::make_unique<relay_clients>(c, routes); };
}

} // namespace ockam
