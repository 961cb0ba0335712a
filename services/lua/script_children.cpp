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
