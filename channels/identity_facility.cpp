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

using refreshed = result<std::optional<node_identity::news>>;

/// Has another thread refresh it, from other files if `moved` has some, and calls `then` on the socket thread, unless the
/// node ends. False: too much waits there.
bool refresh_one(const environment_ptr& env, const identity_ptr& who, std::optional<identity_config> moved, std::function<void(refreshed&)> then) {
  auto outcome = std::make_shared<refreshed>(std::optional<node_identity::news>{});
  auto later = std::make_shared<std::function<void()>>([outcome, then = std::move(then)] { then(*outcome); });
  return env->work.add({}, crew::step::first, [who, moved = std::move(moved), outcome, later = std::move(later), &reactor = env->node.reactor]() mutable {
    *outcome = moved ? who->move_to(*moved, environment::now()) : who->refresh(environment::now());
    reactor.post([later = std::move(later)] { (*later)(); }); // what it refers to ends there, and not here
  });
}

} // namespace

std::string_view identities_facility::kind() const { return identity_kind; }
std::span<const key_descriptor> identities_facility::keys() const { return identity_keys; }

result<void> identities_facility::check(const config_section& s) {
  auto keys = option_values::read(identity_keys, s.keys);
  auto ok = keys ? check_identity_keys(*keys) : result<void>{std::move(keys).error()};
  if (!ok)
    return error{ok.error().code, "channel-identity " + printable(s.name) + ": " + ok.error().cause, ok.error().hint};
  return {};
}

result<config_section> identities_facility::begin(const config_section& s) {
  if (auto ok = check(s); !ok)
    return std::move(ok).error();
  auto keys = option_values::read(identity_keys, s.keys);
  if (all_.contains(s.name))
    return error{errc::already_exists, "there is a channel-identity " + printable(s.name) + " already", "choose another name"};
  identity_config c{keys->get<std::string>("vault"), keys->get<std::string>("history"), keys->get<std::string>("passphrase-file"),
                    keys->get<std::string>("credential-file"), keys->get<std::string>("passphrase-credential")};
  auto former = env_->former.find(s.name);
  auto before = former == env_->former.end() ? nullptr : former->second.lock();
  auto e = std::make_shared<entry>();
  e->keys = s.keys;
  e->who = before;
  if (!before)
    e->who = node_identity::later(c, env_->own ? env_->own->known() : std::make_shared<identities::memory_identities>());
  if (!read(env_, s.name, e, before ? std::optional{std::move(c)} : std::nullopt))
    return error{errc::limit_reached, "too much waits for keys", "try again later"};
  env_->former.erase(s.name);
  env_->others.emplace(s.name, e->who);
  all_.emplace(s.name, std::move(e));
  return s;
}

/// Where its files are others than before, and it is another identity by them, those that began with it go on with the one
/// that it was.
bool identities_facility::read(const environment_ptr& env, const std::string& name, const entry_ptr& e, std::optional<identity_config> moved) {
  auto settled = [weak = std::weak_ptr{e}, there = std::weak_ptr{env}, name, moved](refreshed& how) {
    auto it = weak.lock();
    auto here = there.lock();
    if (!it || !here)
      return;
    if (!how && moved && how.error().code == errc::not_authentic) {
      here->former.insert_or_assign(name, it->who);
      it->who = node_identity::later(*moved, it->who->known());
      here->others.insert_or_assign(name, it->who);
      log(level::warn, "identity", "the identity " + printable(name) + " is another one now: channels and listeners that began with the one before go on with that");
      if (read(here, name, it, {}))
        return;
      how = error{errc::limit_reached, "too much waits for keys", {}};
    }
    it->is_settled = true;
    if (!how) {
      it->code = how.error().code;
      it->reason = how.error().cause;
      log(level::warn, "identity", "the identity " + printable(name) + " cannot be used: " + how.error().cause);
    } else {
      log(level::info, "identity", "this node is also " + it->who->name());
      if (*how)
        here->tell_all_of(*it->who, **how);
    }
    it->waiting.settle();
  };
  return refresh_one(env, e->who, std::move(moved), std::move(settled));
}

result<void> identities_facility::end(std::string_view name) {
  auto it = all_.find(name);
  if (it == all_.end())
    return error{errc::not_found, "there is no channel-identity " + printable(name), {}};
  std::erase_if(env_->former, [](auto& one) { return one.second.expired(); });
  env_->former.insert_or_assign(it->first, it->second->who);
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
  for (const auto& [name, weak] : env->former)
    if (auto who = weak.lock())
      all.push_back(std::move(who));
  for (const auto& who : all) {
    bool taken = refresh_one(env, who, {}, [who, weak = std::weak_ptr{env}](refreshed& how) {
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
