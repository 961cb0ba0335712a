// SPDX-License-Identifier: Apache-2.0
#include "channels/facilities.hpp"

#include "channels/channel_routes.hpp"
#include "channels/keys.hpp"
#include "channels/ways.hpp"
#include "runtime/core/channel_parts.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/links/allow.hpp"
#include "runtime/workers/channel_ways.hpp"

#include <algorithm>
#include <span>

namespace ockam::channels {

namespace ids = identities;

namespace {

/// Whose credentials count, and with whom channels may be.
result<ids::requirements> requirements_of(const option_values& keys, node_identity& own) {
  ids::requirements out;
  if (keys.has("authority")) {
    auto encoded = parse_hex(keys.get<std::string>("authority"));
    auto issuer = encoded ? ids::identity::import(*encoded) : result<ids::identity>{std::move(encoded).error()};
    auto kept = issuer ? own.known()->keep(*issuer) : result<void>{issuer.error()};
    if (!kept)
      return error{kept.error().code, "authority: " + kept.error().cause, kept.error().hint};
    out.issuers.push_back(issuer->id());
  }
  if (!keys.has("authorized"))
    return out;
  out.authorized.emplace();
  for (const auto& text : keys.get<std::vector<std::string>>("authorized"))
    if (auto id = ids::parse_identifier(text))
      out.authorized->push_back(*id);
  own.known()->always_room_for(*out.authorized);
  return out;
}

/// What a channel, or each one of a listener, is to be like.
result<terms> terms_of(const environment_ptr& env, const option_values& keys) {
  auto own = env->identity(keys.get<std::string>("identity"));
  auto wanted = own ? requirements_of(keys, **own) : result<ids::requirements>{own.error()};
  if (!wanted)
    return std::move(wanted).error();
  return terms{.env = env, .own = *std::move(own), .wanted = *std::move(wanted)};
}

/// `ISSUER name=value name=value; …`
std::string text_of(std::span<const ids::verified_credential> all) {
  std::string out;
  for (const auto& c : all) {
    out += (out.empty() ? "" : "; ") + to_string(c.issuer);
    for (const auto& [name, value] : c.says)
      out += " " + printable(name) + "=" + printable(value);
  }
  return out;
}

std::string text_of(const option_texts& keys, const std::string& key) {
  auto it = keys.find(key);
  return it == keys.end() ? std::string{} : it->second;
}

/// How many parts at the front name one other node: `/ip4/10.0.0.2/tcp/4000` has two, with `/wss` three.
std::size_t parts_that_dial(const multiaddr& m) {
  constexpr std::size_t most = 3;
  for (auto n = std::min(most, m.parts.size()); n > 0; --n) {
    auto to = to_route({{m.parts.begin(), m.parts.begin() + static_cast<std::ptrdiff_t>(n)}});
    if (to && to->size() == 1 && !to->front().is_local())
      return n;
  }
  return 0;
}

/// The way to the listener, as the reference shows it: what was dialled, or the channels around this one, stand as the address
/// that they have on this node: `/service/001fb5d5…/service/api`.
std::string way_from_here(const std::string& to, const channel& open) {
  auto m = parse_multiaddr(to);
  if (!m || open.way().empty())
    return {};
  auto parts = split_at_channels(*m);
  auto& last = parts.back().parts;
  const auto dials = parts_that_dial(parts.back());
  last.erase(last.begin(), last.begin() + static_cast<std::ptrdiff_t>(dials));
  if (dials > 0 || parts.size() > 1)
    last.insert(last.begin(), {multiaddr_protocol::service, open.way().front().name});
  return to_string(parts.back());
}

} // namespace

// -- listeners ---------------------------------------------------------------------------------------

std::string_view listeners::kind() const { return listener_kind; }
std::span<const key_descriptor> listeners::keys() const { return listener_keys; }

listeners::listeners(environment_ptr env) : env_{std::move(env)} {
  if (!env_->own)
    return;
  if (auto ok = start(std::string{default_listener}, {}, true); !ok)
    log(level::error, "channels", ok.error());
}

result<void> listeners::start(const std::string& name, const option_texts& given, bool is_default) {
  auto keys = option_values::read(listener_keys, given);
  if (!keys)
    return std::move(keys).error();
  auto& node = env_->node;
  auto allow = keys->get<std::vector<std::string>>("allow");
  auto t = terms_of(env_, *keys);
  if (!t)
    return std::move(t).error();
  auto own = t->own;
  auto flow = t->spawner = node.board.flows().create();
  t->shared = allows_services(allow) ? node.flows.services : 0;
  t->listener = name;
  auto figures = std::make_shared<listener_figures>();
  worker_options w;
  w.type = listener_kind;
  w.consumer_of = {node.flows.services, flow}; // its own channels too: channels in channels
  auto worker = std::make_unique<listener>(*std::move(t), static_cast<std::size_t>(keys->get<std::uint64_t>("max-channels")), figures);
  if (auto ok = node.workers.start(address{name}, std::move(worker), std::move(w)); !ok) {
    node.board.remove_flow(flow);
    return ok;
  }
  allow_workers(node.board, flow, allow, "channels");
  all_.emplace(name, entry{given, std::move(own), flow, std::move(figures), is_default});
  return {};
}

result<void> listeners::check(const config_section& s) {
  auto keys = option_values::read(listener_keys, s.keys);
  return keys ? outcome_of(terms_of(env_, *keys)) : result<void>{std::move(keys).error()};
}

result<ready_item> listeners::prepare(const config_section& s, const std::vector<config_section>& gone) {
  auto r = facility::prepare(s, gone);
  if (r)
    r->takes_over = all_.contains(s.name);
  return r;
}

result<config_section> listeners::begin(const config_section& s) {
  auto it = all_.find(s.name);
  if (it != all_.end() && !it->second.is_default)
    return error{errc::already_exists, "there is a secure-channel-listener " + printable(s.name) + " already", "choose another name"};
  bool takes_place = it != all_.end();
  if (takes_place)
    (void)end(s.name);
  if (auto ok = start(s.name, s.keys, false); !ok) {
    if (takes_place)
      (void)start(s.name, {}, true);
    return std::move(ok).error();
  }
  return s;
}

result<void> listeners::end(std::string_view name) {
  auto it = all_.find(name);
  if (it == all_.end())
    return error{errc::not_found, "there is no secure-channel-listener " + printable(name), "see them with: ockam secure-channel-listener list"};
  auto gone = it->first;
  all_.erase(it);
  return env_->node.workers.stop(address{gone});
}

void listeners::left(std::string_view name) {
  if (!env_->own || name != default_listener || all_.contains(name))
    return;
  if (auto ok = start(std::string{name}, {}, true); !ok)
    log(level::error, "channels", ok.error());
}

std::vector<item_info> listeners::list() const {
  std::vector<item_info> out;
  for (const auto& [name, e] : all_) {
    auto number = [](std::uint64_t n) { return std::to_string(n); };
    out.push_back({name,
                   {{"identifier", e.own->name()},
                    {"authorized", text_of(e.keys, "authorized")},
                    {"allow", e.keys.contains("allow") ? text_of(e.keys, "allow") : std::string{services_word}},
                    {"flow_control_id", std::string{env_->node.board.flows().text(e.flow)}},
                    {"channels", number(e.figures->channels)},
                    {"half_open", number(e.figures->half_open)},
                    {"opened", number(e.figures->opened)},
                    {"refused", number(e.figures->refused)},
                    {"turned_away", number(e.figures->turned_away)}}});
  }
  return out;
}

void listeners::stop() {
  while (!all_.empty())
    (void)end(all_.begin()->first);
}

// -- channels ----------------------------------------------------------------------------------------

secure_channels::secure_channels(environment_ptr env) : env_{std::move(env)} {
  if (!env_->own)
    return;
  worker_options o;
  o.type = "channel-maker";
  o.internal = true;
  if (auto ok = env_->node.workers.start(address{std::string{channel_maker_address}}, std::make_unique<ways>(env_), std::move(o)); !ok)
    log(level::error, "channels", ok.error());
}

std::string_view secure_channels::kind() const { return channel_kind; }
std::span<const key_descriptor> secure_channels::keys() const { return channel_keys; }

result<terms> secure_channels::read_terms(const option_values& keys) const {
  auto t = terms_of(env_, keys);
  if (!t || !keys.has("credential"))
    return t;
  auto bytes = parse_hex(keys.get<std::string>("credential"));
  auto shown = bytes ? ids::decode_credential_and_key(*bytes) : result<ids::credential>{std::move(bytes).error()};
  if (!shown)
    return error{shown.error().code, "credential: " + shown.error().cause, {}};
  t->shown.push_back(*std::move(shown));
  return t;
}

result<void> secure_channels::check(const config_section& s) {
  auto keys = option_values::read(channel_keys, s.keys);
  return keys ? outcome_of(read_terms(*keys)) : result<void>{std::move(keys).error()};
}

result<config_section> secure_channels::begin(const config_section& s) {
  auto keys = option_values::read(channel_keys, s.keys);
  auto m = keys ? parse_multiaddr(keys->get<std::string>("to")) : result<multiaddr>{keys.error()};
  auto t = m ? read_terms(*keys) : result<terms>{m.error()};
  if (!t)
    return std::move(t).error();
  auto way = make_route(env_, *m, {.lasting = true, .identity = keys->get<std::string>("identity")});
  if (!way)
    return std::move(way).error();
  auto kept = s;
  if (kept.name.empty())
    kept.name = random_address().name;
  if (all_.contains(kept.name))
    return error{errc::already_exists, "there is a secure-channel " + printable(kept.name) + " already", "choose another name"};
  entry e{s.keys, t->own, {}, std::make_shared<session_status>(), std::move(way->channels)};
  t->patience = env_->node.limits.handshake_timeout;
  auto at = session::start(*std::move(t), address{kept.name}, std::move(way->to), keys->get<std::vector<std::string>>("allow"), true, e.status);
  if (!at)
    return std::move(at).error();
  e.session = *std::move(at);
  all_.emplace(kept.name, std::move(e));
  return kept;
}

result<void> secure_channels::end(std::string_view name) {
  auto it = all_.find(name);
  if (it == all_.end())
    return error{errc::not_found, "there is no secure-channel " + printable(name), "see them with: ockam secure-channel list"};
  auto gone = std::move(it->second);
  all_.erase(it);
  return env_->node.workers.stop(gone.session);
}

std::vector<item_info> secure_channels::list() const {
  std::vector<item_info> out;
  for (const auto& [name, e] : all_) {
    const auto* open = e.status->open;
    auto number = [](std::uint64_t n) { return std::to_string(n); };
    out.push_back({name,
                   {{"to", text_of(e.keys, "to")},
                    {"identifier", e.own->name()},
                    {"authorized", text_of(e.keys, "authorized")},
                    {"state", std::string{to_string(e.status->now)}},
                    {"reason", e.status->reason},
                    {"reason_code", e.status->code == errc::ok ? std::string{} : std::string{to_string(e.status->code)}},
                    {"route", open ? way_from_here(text_of(e.keys, "to"), *open) : std::string{}},
                    {"flow_control_id", open ? std::string{env_->node.board.flows().text(open->flow())} : std::string{}},
                    {"their_identifier", open ? to_string(open->peer()->id()) : std::string{}},
                    {"their_change_history", open ? to_hex(open->peer()->exported()) : std::string{}},
                    {"their_credentials", open ? text_of(open->credentials()) : std::string{}},
                    {"openings", number(e.status->openings)},
                    {"sent", number(open ? open->sent() : 0)},
                    {"received", number(open ? open->received() : 0)},
                    {"not_opened", number(open ? open->not_opened() : 0)}}});
  }
  return out;
}

void secure_channels::when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) {
  auto it = all_.find(name);
  if (it == all_.end() || it->second.status->now != session_status::state::connecting)
    return done();
  it->second.status->waiting.wait(env_->node.reactor, within, std::move(done));
}

void secure_channels::stop() {
  env_->end_all();
  (void)env_->node.workers.stop(address{std::string{channel_maker_address}});
  while (!all_.empty())
    (void)end(all_.begin()->first);
}

} // namespace ockam::channels
