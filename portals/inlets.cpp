// SPDX-License-Identifier: Apache-2.0
#include "portals/inlets.hpp"

#include "portals/keys.hpp"
#include "portals/outlets.hpp"
#include "runtime/links/listen_address.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace ockam::portal {

namespace {

bool goes(const std::vector<config_section>& gone, std::string_view name) {
  return std::any_of(gone.begin(), gone.end(), [&](auto& s) { return s.kind == inlet_kind && s.name == name; });
}

} // namespace

/// Where an inlet that is ready to begin is to be. Those that go and are in the way have closed their doors; they open them
/// again if it does not begin.
struct inlets::place {
  door_ptr way_in = {};
  bool is_taken_over = false;       ///< from one that goes
  std::optional<error> absent = {}; ///< this host has not the address yet
  std::vector<std::shared_ptr<inlet>> aside = {};

  place() = default;
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    way_in.reset();
    for (const auto& i : aside)
      i->reopen_door();
  }
};

std::string_view inlets::kind() const {
  return inlet_kind;
}

std::span<const key_descriptor> inlets::keys() const {
  return inlet_keys;
}

/// Errors: `address_in_use`, also for a port of another inlet that is not open yet, where the system says nothing; others as
/// `door::reserve`.
result<inlets::place_ptr> inlets::find_place(const inlet& of, const sections& gone, bool may_wait) {
  auto p = std::make_shared<place>();
  const auto& at = of.from;
  std::vector<std::shared_ptr<inlet>> in_the_way;
  for (const auto& [name, other] : all_) {
    auto there = parse_endpoint(other->bound_to());
    bool is_same = (name == of.name && other->from == at) || (there && *there == at);
    bool collides = there && overlap(*there, at);
    if (!is_same && !collides)
      continue;
    if (!goes(gone, name)) {
      if (collides)
        return error{errc::address_in_use, "port " + std::to_string(at.port) + " is that of the tcp-inlet " + printable(name), "choose another port"};
    } else if (is_same && other->way_in()) {
      p->way_in = other->way_in();
    } else {
      in_the_way.push_back(other);
    }
  }
  p->is_taken_over = p->way_in != nullptr;
  if (p->is_taken_over)
    return p;
  for (const auto& other : in_the_way)
    if (other->way_in()) {
      other->close_door();
      p->aside.push_back(other);
    }
  auto d = door::reserve(env_.node.reactor, at);
  if (d)
    p->way_in = *std::move(d);
  else if (may_wait && d.error().code == errc::address_unavailable)
    p->absent = std::move(d).error();
  else
    return std::move(d).error();
  return p;
}

result<std::shared_ptr<inlet>> inlets::make(const config_section& s, const option_values& keys) {
  auto text = keys.get<std::string>("to");
  auto from = parse_listen(keys.get<std::string>("from"));
  auto m = parse_multiaddr(text);
  if (!from || !m)
    return from ? std::move(m).error() : std::move(from).error();
  if (auto ok = check_inlet_keys(keys); !ok)
    return std::move(ok).error();
  auto options = read_stream_options(keys);
  channel_wishes how{.lasting = true, .identity = keys.get<std::string>("identity")};
  if (split_at_channels(*m).size() > 1) // elsewhere each message shows what it has come through
    how.authorized = options.allow;
  auto to = routes_(*m, how);
  if (!to)
    return std::move(to).error();
  auto i = std::make_shared<inlet>(env_, s.name, std::move(*from), to_string(*m), std::move(to->to), keys.get<std::chrono::milliseconds>("retry-wait"),
                                   std::move(options));
  i->channels = std::move(to->channels);
  return i;
}

/// In the turn in which those that go have ended: the port that is taken over leads nowhere meanwhile.
ready_item inlets::ready(config_section s, std::shared_ptr<inlet> i, place_ptr p) {
  bool takes_over = p->is_taken_over || !p->aside.empty();
  return {[this, s = std::move(s), i = std::move(i), p = std::move(p)]() -> result<config_section> {
            if (all_.contains(s.name))
              return error{errc::already_exists, "there is a tcp-inlet " + printable(s.name) + " already", "choose another name"};
            p->aside.clear();
            if (p->absent)
              i->wait_for(i->from, *p->absent);
            else
              i->take(std::move(p->way_in));
            i->session = random_address();
            worker_options w;
            w.type = inlet_kind;
            if (auto ok = env_.node.workers.start(i->session, make_inlet_session(i), std::move(w)); !ok) {
              i->close();
              return std::move(ok).error();
            }
            auto kept = s;
            kept.keys["from"] = i->bound_to();
            all_.emplace(s.name, i);
            return kept;
          },
          takes_over};
}

result<ready_item> inlets::prepare(const config_section& s, const sections& gone) {
  auto keys = option_values::read(inlet_keys, s.keys);
  auto i = keys ? make(s, *keys) : result<std::shared_ptr<inlet>>{keys.error()};
  auto p = i ? find_place(**i, gone, keys->get<bool>("retry")) : result<place_ptr>{i.error()};
  if (!p)
    return std::move(p).error();
  return ready(s, std::move(*i), std::move(*p));
}

result<config_section> inlets::begin(const config_section& s) {
  if (all_.contains(s.name))
    return error{errc::already_exists, "there is a tcp-inlet " + printable(s.name) + " already", "choose another name"};
  auto keys = option_values::read(inlet_keys, s.keys);
  auto i = keys ? make(s, *keys) : result<std::shared_ptr<inlet>>{keys.error()};
  auto p = i ? find_place(**i, {}, keys->has("retry") && keys->get<bool>("retry")) : result<place_ptr>{i.error()};
  if (!p)
    return std::move(p).error();
  return ready(s, std::move(*i), std::move(*p)).begin();
}

result<void> inlets::end(std::string_view name) {
  auto it = all_.find(name);
  if (it == all_.end())
    return error{errc::not_found, "there is no tcp-inlet " + printable(name), "see them with: ockam tcp-inlet list"};
  auto i = std::move(it->second);
  all_.erase(it);
  i->close();
  (void)env_.node.workers.stop(i->session);
  i->close_streams(end_reason::stopped);
  return {};
}

std::vector<item_info> inlets::list() const {
  std::vector<item_info> out;
  for (const auto& [name, i] : all_) {
    item_info info{name,
                   {{"from", i->bound_to()},
                    {"to", i->text},
                    {"route", to_string(i->by)},
                    {"state", std::string{to_string(i->now())}},
                    {"reason", i->reason()},
                    {"worker", i->session.name}}};
    add_figures(info, *i);
    info.fields.emplace_back("refused", std::to_string(i->refused));
    out.push_back(std::move(info));
  }
  return out;
}

void inlets::when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) {
  auto it = all_.find(name);
  if (it == all_.end() || it->second->now() != inlet::state::connecting)
    return done();
  it->second->waiting.wait(env_.node.reactor, within, std::move(done));
}

void inlets::close_doors() {
  for (const auto& [name, i] : all_)
    i->close_door();
}

carried_bytes inlets::carried() const {
  carried_bytes out;
  for (const auto& [name, i] : all_)
    add_carried(out, *i);
  return out;
}

void inlets::stop() {
  while (!all_.empty())
    (void)end(all_.begin()->first);
}

} // namespace ockam::portal
