// SPDX-License-Identifier: Apache-2.0
// Starting a service by the name of its type: for the configuration and for control.
#include "runtime/control/control.hpp"

#include "runtime/core/suggest.hpp"
#include "runtime/workers/placement.hpp"

#include <algorithm>

namespace ockam {

namespace {

error unknown_type(const node_services& n, std::string_view type) {
  std::vector<std::string_view> names;
  std::string list;
  for (const auto& s : n.service_types) {
    names.push_back(s.name);
    list += (list.empty() ? "types: " : ", ") + std::string{s.name};
  }
  auto near = nearest(type, names);
  return {errc::not_found, "there is no service type named " + printable(type), near ? "did you mean " + *near + "?" : list};
}

result<std::unique_ptr<worker>> make_with(const service_type& t, const service_options& o) {
  auto w = t.make(o);
  if (!w)
    return w;
  if (auto ok = o.wrong(); !ok)
    return std::move(ok).error();
  if (auto ok = o.unknown(); !ok)
    return std::move(ok).error();
  return w;
}

/// `t` lives longer than the node.
worker_factory factory_of(const service_type& t, service_options o) {
  if (o.empty()) // most have none, and there may be very many
    return [&t] { return make_with(t, {}); };
  return [&t, o = std::move(o)] { return make_with(t, o); };
}

} // namespace

void start_service(const node_services& n, std::string_view type, std::string where, service_options options,
                   bool by_name, service_started done) {
  auto t = std::find_if(n.service_types.begin(), n.service_types.end(), [&](auto& s) { return s.name == type; });
  if (t == n.service_types.end())
    return done(unknown_type(n, type));
  address at{where.empty() ? std::string{t->name} : std::move(where)};
  std::vector<std::uint32_t> consumer_of;
  if (by_name || t->reachable_at_start)
    consumer_of.push_back(n.flows.services);
  if (by_name && t->through_connections)
    consumer_of.push_back(n.flows.outgoing);
  auto& board = n.workers.board();
  if (auto* there = board.find(at)) {
    // What the node started by itself for local senders is claimed by starting it by name.
    if (by_name && there->type == t->name && at.name == t->name && !is_reachable(n, *there)) {
      for (auto flow : consumer_of)
        (void)board.add_consumer(flow, at);
      return done(at);
    }
    return done(error{errc::already_exists, "a worker of type " + std::string{there->type} + " already exists at " + to_string(at),
                      "choose another address: ockam service start " + std::string{type} + " --addr NAME"});
  }
  if (!t->file_key.empty() && !options.has(t->file_key))
    return done(error{errc::invalid_argument, "a service of type " + std::string{type} + " needs a file",
                      "ockam service start " + std::string{type} + " --addr NAME --file FILE"});
  auto o = placement(*t, options);
  if (!o)
    return done(std::move(o).error());
  o->consumer_of = std::move(consumer_of);
  options.remove(placement_keys);
  n.workers.start(at, factory_of(*t, std::move(options)), std::move(*o), [at, done = std::move(done)](result<void> ok) {
    if (ok)
      done(at);
    else
      done(std::move(ok).error());
  });
}

} // namespace ockam
