// SPDX-License-Identifier: Apache-2.0
#include "channels/facilities.hpp"

#include "channels/keys.hpp"
#include "runtime/core/channel_parts.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/links/allow.hpp"

#include <algorithm>

namespace ockam::channels {

namespace ids = identities;

namespace {

error nobody() {
  return {errc::not_found, "this node has no identity, and so no secure channels", "give it one: section [identity] of its configuration"};
}

ids::requirements requirements_of(const option_values& keys) {
  ids::requirements out;
  if (!keys.has("authorized"))
    return out;
  out.authorized.emplace();
  for (const auto& text : keys.get<std::vector<std::string>>("authorized"))
    if (auto id = ids::parse_identifier(text))
      out.authorized->push_back(*id);
  return out;
}

std::string text_of(const option_texts& keys, const std::string& key) {
  auto it = keys.find(key);
  return it == keys.end() ? std::string{} : it->second;
}

} // namespace

// -- listeners ---------------------------------------------------------------------------------------

std::string_view listeners::kind() const { return listener_kind; }

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
  auto flow = node.board.flows().create();
  terms t{env_, requirements_of(*keys), flow, allows_services(allow) ? node.flows.services : 0};
  auto figures = std::make_shared<listener_figures>();
  worker_options w;
  w.type = listener_kind;
  w.consumer_of = {node.flows.services, flow}; // its own channels too: channels in channels
  auto worker = std::make_unique<listener>(std::move(t), static_cast<std::size_t>(keys->get<std::uint64_t>("max-channels")), figures);
  if (auto ok = node.workers.start(address{name}, std::move(worker), std::move(w)); !ok) {
    node.board.remove_flow(flow);
    return ok;
  }
  allow_workers(node.board, flow, allow, "channels");
  all_.emplace(name, entry{given, flow, std::move(figures), is_default});
  return {};
}

result<config_section> listeners::begin(const config_section& s) {
  if (!env_->own)
    return nobody();
  if (auto it = all_.find(s.name); it != all_.end()) {
    if (!it->second.is_default)
      return error{errc::already_exists, "there is a secure-channel-listener " + printable(s.name) + " already", "choose another name"};
    (void)end(s.name);
  }
  if (auto ok = start(s.name, s.keys, false); !ok)
    return std::move(ok).error();
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

std::vector<item_info> listeners::list() const {
  std::vector<item_info> out;
  for (const auto& [name, e] : all_) {
    auto number = [](std::uint64_t n) { return std::to_string(n); };
    out.push_back({name,
                   {{"identifier", env_->own->name()},
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

std::string_view secure_channels::kind() const { return channel_kind; }

result<config_section> secure_channels::begin(const config_section& s) {
  if (!env_->own)
    return nobody();
  auto keys = option_values::read(channel_keys, s.keys);
  auto m = keys ? parse_multiaddr(keys->get<std::string>("to")) : result<multiaddr>{keys.error()};
  auto way = m ? make_route(env_, *m, true) : result<made_route>{m.error()};
  if (!way)
    return std::move(way).error();
  auto kept = s;
  if (kept.name.empty())
    kept.name = random_address().name;
  if (all_.contains(kept.name))
    return error{errc::already_exists, "there is a secure-channel " + printable(kept.name) + " already", "choose another name"};
  entry e{s.keys, {}, std::make_shared<session_status>(), std::move(way->channels)};
  terms t{env_, requirements_of(*keys)};
  t.patience = env_->node.limits.handshake_timeout;
  auto at = session::start(std::move(t), address{kept.name}, std::move(way->to), keys->get<std::vector<std::string>>("allow"), true, e.status);
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
                    {"authorized", text_of(e.keys, "authorized")},
                    {"state", std::string{to_string(e.status->now)}},
                    {"reason", e.status->reason},
                    {"route", open ? to_string(open->way()) : std::string{}},
                    {"flow_control_id", open ? std::string{env_->node.board.flows().text(open->flow())} : std::string{}},
                    {"their_identifier", open ? to_string(open->peer()->id()) : std::string{}},
                    {"their_change_history", open ? to_hex(open->peer()->exported()) : std::string{}},
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
  auto once = std::make_shared<std::function<void()>>(std::move(done));
  auto tell = [once] {
    if (auto f = std::exchange(*once, nullptr))
      f();
  };
  it->second.status->waiting.push_back(tell);
  env_->node.reactor.after(within, tell);
}

void secure_channels::stop() {
  env_->end_all();
  while (!all_.empty())
    (void)end(all_.begin()->first);
}

// -- routes ------------------------------------------------------------------------------------------

namespace {

/// A channel of a route.
struct link_of_chain {
  address session;
  std::shared_ptr<session_status> status;
};

/// So long the channel around another one outlives it: what that one says of its end has to get through.
constexpr std::chrono::milliseconds grace{200};

/// Ends them, the innermost (last) first.
void end_chain(const environment_ptr& env, std::vector<link_of_chain> chain) {
  if (chain.empty())
    return;
  auto last = std::move(chain.back());
  chain.pop_back();
  if (last.status->open)
    last.status->open->end({errc::closed, "the route that it was made for has ended", {}});
  (void)env->node.workers.stop(last.session);
  if (!chain.empty())
    env->node.reactor.after(grace, [env, chain = std::move(chain)] { end_chain(env, chain); });
}

/// The channels of one route, the outermost first, which end with it.
class channels_of_route {
 public:
  explicit channels_of_route(environment_ptr env) : env_{std::move(env)} {}
  ~channels_of_route() { end_chain(env_, std::move(chain_)); }
  channels_of_route(const channels_of_route&) = delete;
  channels_of_route& operator=(const channels_of_route&) = delete;

  void add(link_of_chain one) { chain_.push_back(std::move(one)); }

 private:
  environment_ptr env_;
  std::vector<link_of_chain> chain_;
};

} // namespace

result<made_route> make_route(const environment_ptr& env, const multiaddr& m, bool lasting) {
  auto parts = split_at_channels(m);
  if (parts.size() == 1)
    return make_plain_route(m, lasting);
  if (!env->own)
    return nobody();
  if (auto whole = to_route(without_channels(m)); !whole)
    return std::move(whole).error();
  if (parts.back().parts.empty())
    return error{errc::invalid_route, "the route ends in a secure channel: what is at its other end is missing", "for example …/secure/api/service/echo"};
  made_route out;
  auto made = std::make_shared<channels_of_route>(env);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto next = to_route(parts[i]);
    if (!next)
      return std::move(next).error();
    out.to.insert(out.to.end(), next->begin(), next->end());
    if (i + 1 == parts.size())
      break;
    auto e = random_address();
    terms t{env};
    t.patience = env->node.limits.handshake_timeout;
    auto status = std::make_shared<session_status>();
    auto at = session::start(std::move(t), e, std::exchange(out.to, route{e}), {}, lasting, status);
    if (!at)
      return std::move(at).error();
    made->add({*std::move(at), std::move(status)});
  }
  out.channels = std::move(made);
  return out;
}

} // namespace ockam::channels
