// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/service_catalog.hpp"

#include "runtime/core/guarded.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/workers/placement.hpp"

#include <algorithm>

namespace ockam {

namespace {

/// What was made, unless it could not use the options that it was given.
result<std::unique_ptr<worker>> checked(result<std::unique_ptr<worker>> w, const service_options& o) {
  if (!w)
    return w;
  if (!*w)
    return error{errc::service_failed, "its factory made none", "a factory returns a worker, or an error"};
  if (auto ok = o.wrong(); !ok)
    return std::move(ok).error();
  if (o.unknown())
    return w;
  auto rest = o;
  rest.remove(std::array{std::string_view{"thread"}});
  if (auto ok = rest.unknown(); !ok)
    return std::move(ok).error();
  return no_thread_of_its_own();
}

error makes_nothing(const service_type& t) {
  return {errc::internal, "the service type " + printable(t.name) + " has no function that makes a worker", {}};
}

} // namespace

result<void> check_service(const service_type& t, service_options options) {
  if (auto o = placement(t, options); !o)
    return std::move(o).error();
  remove_placement(t, options);
  if (t.make_in) // needs a node
    return {};
  if (!t.make)
    return makes_nothing(t);
  auto made = result<std::unique_ptr<worker>>{nullptr};
  auto threw = guarded([&] { made = checked(t.make(options), options); });
  if (threw) // code of a user's class
    return error{errc::service_failed, *threw, {}};
  return made ? result<void>{} : std::move(made).error();
}

bool service_catalog::has(std::string_view type) const noexcept {
  return std::any_of(types_.begin(), types_.end(), [&](auto& t) { return t.name == type; });
}

bool service_catalog::is_reachable(const worker_entry& e) const noexcept {
  return std::find(e.consumer_of.begin(), e.consumer_of.end(), context_.flows.services) != e.consumer_of.end();
}

result<const service_type*> service_catalog::find(std::string_view type) const {
  std::vector<std::string_view> names;
  std::string list;
  for (const auto& t : types_) {
    if (t.name == type)
      return &t;
    names.push_back(t.name);
    list += (list.empty() ? "types: " : ", ") + std::string{t.name};
  }
  auto near = nearest(type, names);
  return error{errc::not_found, "there is no service type named " + printable(type), near ? "did you mean " + *near + "?" : list};
}

worker_factory service_catalog::factory_of(const service_type& t, service_options o) const {
  if (t.make_in) // on the socket thread, where the context may be used
    return [&t, &c = context_, o = std::move(o)] { return checked(t.make_in(c, o), o); };
  if (o.empty()) // most have none, and there may be very many
    return [&t] { return checked(t.make({}), {}); };
  // Instances are made on several threads at a time, and options note what they were asked for: each gets its own.
  return [&t, given = std::move(o)] {
    service_options own{given};
    return checked(t.make(own), own);
  };
}

void service_catalog::start(std::string_view type, std::string where, service_options options, started done) const {
  auto t = find(type);
  if (!t)
    return done(std::move(t).error());
  start(**t, std::move(where), std::move(options), true, std::move(done));
}

void service_catalog::start_standard(const std::function<bool(const service_type&)>& stays_away,
                                     const std::function<void(const service_type&, result<address>)>& done) const {
  for (const auto& t : types_)
    if (t.at_start && !stays_away(t) && !context_.board.find(address{std::string{t.name}}))
      start(t, {}, {}, false, [&t, done](result<address> at) { done(t, std::move(at)); });
}

std::vector<std::uint32_t> service_catalog::flows_of(const service_type& t, bool by_name) const {
  std::vector<std::uint32_t> out;
  if (by_name || t.reachable_at_start)
    out.push_back(context_.flows.services);
  if (by_name && t.through_connections)
    out.push_back(context_.flows.outgoing);
  return out;
}

result<worker_options> service_catalog::placement_of(const service_type& t, service_options& options) {
  if (!t.file_key.empty() && !options.has(t.file_key))
    return error{errc::invalid_argument, "a service of type " + std::string{t.name} + " needs a file",
                 "ockam service start " + std::string{t.name} + " --addr NAME --file FILE"};
  auto o = placement(t, options);
  if (o)
    remove_placement(t, options);
  return o;
}

void service_catalog::prepare(std::string_view type, std::string where, service_options options, workers::prepared done) const {
  auto found = find(type);
  if (!found)
    return done(std::move(found).error());
  const auto& t = **found;
  auto o = placement_of(t, options);
  if (!o)
    return done(std::move(o).error());
  o->consumer_of = flows_of(t, true);
  context_.workers.prepare(address{std::move(where)}, factory_of(t, std::move(options)), std::move(*o), std::move(done));
}

result<child_kind> service_catalog::for_child(const child_order& order) const {
  auto found = find(order.type);
  if (!found)
    return std::move(found).error();
  const auto& t = **found;
  bool is_stock = !t.has_budget;
  if (!t.make || !t.file_key.empty() || t.is_sandboxed || !(is_stock || order.is_trusted))
    return error{errc::permission_denied, "a service of type " + std::string{t.name} + " cannot be started by a script",
                 t.make && t.file_key.empty() && !t.is_sandboxed ? "trusted = yes allows it" : ""};
  auto options = order.options;
  auto o = placement_of(t, options);
  if (!o)
    return std::move(o).error();
  if (o->access || o->instances > 1 || o->thread != t.thread)
    return error{errc::invalid_argument, "a child runs where its type says, once, and may what its parent may",
                 "leave out thread, instances, allow-from and allow-to"};
  return child_kind{factory_of(t, std::move(options)), std::move(*o)};
}

void service_catalog::start(const service_type& t, std::string where, service_options options, bool by_name, started done) const {
  address at{where.empty() ? std::string{t.name} : std::move(where)};
  auto consumer_of = flows_of(t, by_name);
  auto& board = context_.board;
  if (auto* there = board.find(at)) {
    // What the node started by itself for local senders is claimed by starting it by name.
    if (by_name && there->type == t.name && at.name == t.name && !is_reachable(*there)) {
      for (auto flow : consumer_of)
        (void)board.add_consumer(flow, at);
      return done(at);
    }
    return done(error{errc::already_exists, "a worker of type " + std::string{there->type} + " already exists at " + to_string(at),
                      "choose another address: ockam service start " + std::string{t.name} + " --addr NAME"});
  }
  if (!t.make && !t.make_in)
    return done(makes_nothing(t));
  auto o = placement_of(t, options);
  if (!o)
    return done(std::move(o).error());
  o->consumer_of = std::move(consumer_of);
  context_.workers.start(at, factory_of(t, std::move(options)), std::move(*o), [at, done = std::move(done)](result<void> ok) {
    if (ok)
      done(at);
    else
      done(std::move(ok).error());
  });
}

} // namespace ockam
