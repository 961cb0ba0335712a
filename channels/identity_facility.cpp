// SPDX-License-Identifier: Apache-2.0
#include "channels/identity_facility.hpp"

#include "channels/keys.hpp"

#include <utility>

namespace ockam::channels {

namespace {

std::string text_of(const option_texts& keys, const std::string& key) {
  auto it = keys.find(key);
  return it == keys.end() ? std::string{} : it->second;
}

using refreshed = result<std::optional<identities::bytes>>;

/// Has another thread refresh it, and calls `then` on the socket thread, unless the node ends. False: too much waits there.
bool refresh_one(const environment_ptr& env, const identity_ptr& who, std::function<void(refreshed&)> then) {
  auto outcome = std::make_shared<refreshed>(std::optional<identities::bytes>{});
  auto later = std::make_shared<std::function<void()>>([outcome, then = std::move(then)] { then(*outcome); });
  return env->work.add(0, crew::step::first, [who, outcome, later = std::move(later), &reactor = env->node.reactor]() mutable {
    *outcome = who->refresh(environment::now());
    reactor.post([later = std::move(later)] { (*later)(); }); // what it refers to ends there, and not here
  });
}

} // namespace

std::string_view identities_facility::kind() const { return identity_kind; }
std::span<const key_descriptor> identities_facility::keys() const { return identity_keys; }

result<config_section> identities_facility::begin(const config_section& s) {
  auto keys = option_values::read(identity_keys, s.keys);
  if (!keys)
    return std::move(keys).error();
  if (all_.contains(s.name))
    return error{errc::already_exists, "there is a channel-identity " + printable(s.name) + " already", "choose another name"};
  identity_config c{keys->get<std::string>("vault"), keys->get<std::string>("history"), keys->get<std::string>("passphrase-file"),
                    keys->get<std::string>("credential-file")};
  auto known = env_->own ? env_->own->known() : std::make_shared<identities::memory_identities>();
  auto e = std::make_shared<entry>();
  e->keys = s.keys;
  e->who = node_identity::later(std::move(c), std::move(known));
  auto settled = [weak = std::weak_ptr{e}, name = s.name](refreshed& how) {
    auto it = weak.lock();
    if (!it)
      return;
    it->is_settled = true;
    if (!how) {
      it->code = how.error().code;
      it->reason = how.error().cause;
      log(level::warn, "identity", "the identity " + printable(name) + " cannot be used: " + how.error().cause);
    } else {
      log(level::info, "identity", "this node is also " + it->who->name());
    }
    it->waiting.settle();
  };
  if (!refresh_one(env_, e->who, std::move(settled)))
    return error{errc::limit_reached, "too much waits for keys", "try again later"};
  env_->others.emplace(s.name, e->who);
  all_.emplace(s.name, std::move(e));
  return s;
}

result<void> identities_facility::end(std::string_view name) {
  auto it = all_.find(name);
  if (it == all_.end())
    return error{errc::not_found, "there is no channel-identity " + printable(name), {}};
  env_->others.erase(it->first);
  auto gone = std::move(it->second);
  all_.erase(it);
  gone->waiting.settle();
  return {};
}

std::vector<item_info> identities_facility::list() const {
  std::vector<item_info> out;
  for (const auto& [name, e] : all_)
    out.push_back({name,
                   {{"identifier", e->who->name()},
                    {"history", text_of(e->keys, "history")},
                    {"reason", e->reason},
                    {"reason_code", e->code == errc::ok ? std::string{} : std::string{to_string(e->code)}}}});
  return out;
}

void identities_facility::when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) {
  auto it = all_.find(name);
  if (it == all_.end() || it->second->is_settled)
    return done();
  it->second->waiting.wait(env_->node.reactor, within, std::move(done));
}

void identities_facility::stop() {
  while (!all_.empty())
    (void)end(all_.begin()->first);
}

void refresh_identities(const environment_ptr& env) {
  std::vector<identity_ptr> all;
  if (env->own)
    all.push_back(env->own);
  for (const auto& [name, who] : env->others)
    all.push_back(who);
  for (const auto& who : all) {
    bool taken = refresh_one(env, who, [who, weak = std::weak_ptr{env}](refreshed& how) {
      auto there = weak.lock();
      if (!there)
        return;
      if (!how)
        return log(level::error, "identity", how.error());
      if (!*how)
        return;
      log(level::info, "identity", who->name() + " has a new history or credential: new channels have it, and open ones say so");
      there->tell_all_of(*who, **how);
    });
    if (!taken)
      log(level::error, "identity", "too much waits for keys: the identity " + who->name() + " is not read again");
  }
}

} // namespace ockam::channels
