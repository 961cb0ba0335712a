// SPDX-License-Identifier: Apache-2.0
// What scripts start, how they end, and what they leave to their next life.
#include "runtime/workers/placement.hpp"
#include "services/lua/script_worker.hpp"
#include "services/lua/scripted.hpp"

#include <array>
#include <stdexcept>

namespace ockam::lua {

namespace {

constexpr std::size_t longest_state = 1u << 20;

/// Where it runs and what it may is as of its parent.
constexpr std::array<std::string_view, 6> not_for_children{"thread",     "instances", "distribution",
                                                           "allow-from", "allow-to",  "trusted"};

std::string taken(service_options::values& from, const std::string& key) {
  auto it = from.find(key);
  if (it == from.end())
    return {};
  auto out = std::move(it->second);
  from.erase(it);
  return out;
}

} // namespace

// -- children ------------------------------------------------------------------------------------------

child_order script_worker::order_for(child_wish what) const {
  child_order out;
  out.name = std::move(what.name);
  out.type = taken(what.keys, "type");
  bool is_script = what.keys.contains("script");
  if (is_script == !out.type.empty())
    throw std::invalid_argument{"spawn: either script = FILE or type = TYPE says what to start"};
  if (!is_script) {
    out.is_trusted = options_.has("trusted") && options_.flag("trusted", false);
    out.options = service_options{std::move(what.keys)};
    return out;
  }
  if (!folder())
    throw std::invalid_argument{"spawn: there is no folder here in which to look for a script"};
  for (auto key : not_for_children)
    if (what.keys.contains(key))
      throw std::invalid_argument{"spawn: a child has no " + std::string{key}
                                  + " of its own: that is as of its parent"};
  service_options o{std::move(what.keys)};
  out.kind.options.type = "script";
  out.kind.options.thread = worker_thread::pool;
  out.kind.options.restart = read_restart(o);
  if (auto ok = o.wrong(); !ok)
    throw std::invalid_argument{ok.error().cause};
  constexpr std::string_view restart = "restart";
  o.remove({&restart, 1});
  out.kind.make = child_script({.folder = *folder(),
                                .parent = self().name,
                                .options = std::move(o),
                                .limits = limits_,
                                .family = family_,
                                .budget = worker_host::of(*this).shared_budget()});
  return out;
}

question script_worker::start_child(child_wish what) {
  auto order = order_for(std::move(what));
  auto q = new_question(request_size);
  if (holds_back_)
    held_back_.push_back({std::move(order), q});
  else
    start_child(std::move(order), q);
  return q;
}

void script_worker::start_child(child_order order, question q) {
  worker_host::of(*this).start_child(std::move(order), [this, q](result<address> at) {
    answered(q, at ? answer_to{.address = std::move(at->name)} : answer_to{.why_not = std::move(at.error().cause)});
  });
}

void script_worker::begin_children(bool of_the_new_one) {
  holds_back_ = false;
  auto orders = std::exchange(held_back_, {});
  if (!of_the_new_one)
    return;
  worker_host::of(*this).stop_children();
  for (auto& o : orders)
    start_child(std::move(o.order), o.asked);
}

void script_worker::stop_child(std::string_view which) {
  worker_host::of(*this).stop_child(address{std::string{which}});
}

// -- the ends of others ---------------------------------------------------------------------------------

std::uint64_t script_worker::watch(const route& to, int function, int target) {
  auto memory = hold_bytes(watch_size);
  if (now_.watches.size() >= watcher::most)
    throw std::length_error{"too many are watched: " + std::to_string(watcher::most)};
  auto which = std::make_shared<watch_id>(0);
  *which = watches_.watch(to, [this, which](const error& why) { has_ended(*which, why); });
  now_.watches.emplace(*which, script_watch{function, target, std::move(memory)});
  return *which;
}

void script_worker::unwatch(std::uint64_t id) {
  auto it = now_.watches.find(id);
  if (it == now_.watches.end())
    return;
  watches_.unwatch(id);
  auto* L = now_.engine->state();
  luaL_unref(L, LUA_REGISTRYINDEX, it->second.function);
  luaL_unref(L, LUA_REGISTRYINDEX, it->second.target);
  now_.watches.erase(it);
}

void script_worker::has_ended(watch_id which, const error& why) {
  auto found = now_.watches.extract(which);
  if (!found)
    return;
  const auto& w = found.mapped();
  if (w.function == LUA_NOREF) {
    luaL_unref(now_.engine->state(), LUA_REGISTRYINDEX, w.target);
    if (why.code != errc::ok)
      end_script("what it is linked to has ended: " + why.cause);
    return;
  }
  call(0, [&](lua_State* L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, w.function);
    luaL_unref(L, LUA_REGISTRYINDEX, w.function);
    lua_createtable(L, 0, 3);
    lua_rawgeti(L, LUA_REGISTRYINDEX, w.target);
    luaL_unref(L, LUA_REGISTRYINDEX, w.target);
    lua_setfield(L, -2, "from");
    auto code = to_string(why.code);
    lua_pushlstring(L, code.data(), code.size());
    lua_setfield(L, -2, "code");
    const auto& reason = why.code == errc::ok ? "it wanted to" : why.cause;
    lua_pushlstring(L, reason.data(), reason.size());
    lua_setfield(L, -2, "reason");
    return 2;
  });
}

// -- ends ----------------------------------------------------------------------------------------------

void script_worker::end_script(std::optional<std::string> failure) {
  if (failure)
    worker_host::of(*this).fail_after_call(std::move(*failure));
  else
    worker::stop();
  (void)my_postbox().post([] {}); // from on_start, it ends after the next call
}

void script_worker::save(std::string cbor) {
  if (cbor.size() > longest_state)
    throw std::length_error{"what is saved has over 1 MiB"};
  saved_.reset();
  auto memory = hold_bytes(cbor.size());
  saved_ = saved_state{std::move(cbor), std::move(memory)};
}

void script_worker::commit() noexcept {
  if (!saved_)
    return;
  worker_host::of(*this).leave_behind(std::move(saved_->cbor), std::move(saved_->memory));
  saved_.reset();
}

} // namespace ockam::lua
