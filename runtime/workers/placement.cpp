// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/placement.hpp"

#include "runtime/core/account.hpp"

namespace ockam {

namespace {

constexpr std::string_view detached = "detached";

/// Whose messages it takes, and where it may send.
result<access_control> read_access(const service_options& o) {
  auto about = [](const char* key, const error& e) { return error{e.code, std::string{key} + ": " + e.cause, e.hint}; };
  access_control out;
  if (auto text = o.text("allow-from"); o.has("allow-from")) {
    auto from = parse_allow_from(text);
    if (!from)
      return about("allow-from", from.error());
    out.from = std::move(*from);
  }
  if (auto text = o.text("allow-to"); o.has("allow-to")) {
    auto to = parse_allow_to(text);
    if (!to)
      return about("allow-to", to.error());
    out.onward = std::move(*to);
  }
  return out;
}

} // namespace

restart_policy read_restart(const service_options& o) {
  auto restart = o.choice("restart", "never", {"never", "on-failure", "always"});
  return restart == "always"       ? restart_policy::always
         : restart == "on-failure" ? restart_policy::on_failure
                                   : restart_policy::never;
}

result<worker_options> placement(const service_type& t, const service_options& o) {
  worker_options w;
  w.type = t.name;
  w.instances = static_cast<std::uint32_t>(o.number("instances", 1, 1, 1024));
  auto thread = o.choice("thread", t.thread == worker_thread::pool || w.instances > 1 ? "pool" : "socket", {"pool", "socket", detached});
  w.thread = thread == "socket" ? worker_thread::socket : worker_thread::pool; // what asks a detached one for the node, too
  w.distribution = o.choice("distribution", "round-robin", {"round-robin", "key"}) == "key" ? distribution::key
                                                                                              : distribution::round_robin;
  w.restart = read_restart(o);
  w.budget = o.size("budget", t.has_budget ? account::usual : 0);
  if (o.has("budget") && (w.budget < least_budget || w.budget > most_budget))
    o.reject("budget", "64KiB to 512GiB");
  auto access = read_access(o);
  if (!access)
    return std::move(access).error();
  if (access->from || access->onward)
    w.access = std::make_shared<const access_control>(std::move(*access));
  bool trusted = !t.is_sandboxed || o.flag("trusted", false);
  if (auto ok = o.wrong(); !ok)
    return std::move(ok).error();
  if (!trusted && w.thread == worker_thread::socket)
    return error{errc::invalid_argument,
                 "a service of type " + std::string{t.name}
                   + " runs on the socket thread only if it is trusted: a call that takes long holds up the whole node there",
                 "leave out thread, or say trusted = yes"};
  if (thread == detached && (t.is_sandboxed || t.make_in))
    return no_thread_of_its_own();
  if (t.make_in && w.thread == worker_thread::pool)
    return error{errc::invalid_argument, "a service of type " + std::string{t.name} + " runs on the socket thread only",
                 "leave out thread and instances"};
  if (w.instances > 1 && w.thread == worker_thread::socket)
    return error{errc::invalid_argument, "several instances of a service cannot run on the socket thread", "thread = pool"};
  return w;
}

error no_thread_of_its_own() {
  return {errc::invalid_argument, "only a service that is an actor can have a thread of its own", "leave out thread"};
}

void remove_placement(const service_type& t, service_options& o) {
  bool is_detached = o.has("thread") && o.text("thread") == detached;
  for (const auto& name : placement_keys)
    if (!(t.is_sandboxed && name == "budget") && !(is_detached && name == "thread"))
      o.remove({&name, 1});
  if (is_detached)
    o = service_options{o.all()}; // of which nobody has asked for anything
}

} // namespace ockam
