// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/stop_node.hpp"

#include "cli/ockam/nodes.hpp"
#include "cli/state/node_process.hpp"
#include "runtime/core/units.hpp"

#include <cerrno>
#include <csignal>
#include <thread>

namespace ockam::cli {

namespace {

/// What was under way aside, a node cuts off what does not end within two seconds.
constexpr std::chrono::milliseconds in_order{3'000};
constexpr std::chrono::milliseconds after_kill{2'000};
constexpr std::chrono::milliseconds ask_time{1'000};
/// What takes no longer is not worth a word.
constexpr std::chrono::milliseconds unnoticed{300};
/// How often to look whether a process that cannot be waited for has gone.
constexpr std::chrono::milliseconds look_again{10};

result<control_client> connect(const state::home& h, const std::string& name, const deadline& by) {
  return control_client::connect(h.control_socket(name).string(), name, by);
}

/// What a node that was asked to stop says of it.
struct promise {
  std::chrono::milliseconds grace; ///< what is under way gets so much
  bool busy;                       ///< there is something
  std::chrono::milliseconds within() const { return grace + in_order; }
};

/// Nothing when it does not answer.
std::optional<promise> ask_to_stop(result<control_client>& c, const ending& how, const deadline& by) {
  if (!c)
    return std::nullopt;
  control::Request r;
  auto& stop = *r.mutable_stop_node();
  if (how.grace)
    stop.set_grace_ms(static_cast<std::uint32_t>(how.grace->count()));
  auto answer = c->call(std::move(r), by);
  if (!answer)
    return std::nullopt;
  return promise{std::chrono::milliseconds{answer->stopping().within_ms()}, answer->stopping().waits()};
}

/// Whether it ends as it has promised. `ended_within` waits so long for it.
template <class F>
bool keeps(const promise& p, const ending& how, F ended_within) {
  if (ended_within(unnoticed))
    return true;
  if (p.busy && how.waits)
    how.waits(p.grace);
  return ended_within(p.within());
}

/// For a process that is not to be seen from here; its lock is.
bool lock_is_free_within(const state::home& h, const std::string& name, const deadline& by) {
  while (state::node_lock::held(h, name)) {
    if (by.left().count() == 0)
      return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

result<void> kill(const state::process& p, const std::string& name) {
  p.signal(SIGKILL);
  if (p.ended_within(after_kill))
    return {};
  return error{errc::timed_out, "node " + name + " (pid " + std::to_string(p.pid()) + ") does not end, not even when killed", {}};
}

/// Of one that should have ended by itself.
result<void> kill_after_all(const state::process& p, const std::string& name, const ending& how, std::string_view why) {
  if (auto ok = kill(p, name); !ok)
    return ok;
  if (how.was_killed)
    how.was_killed(why);
  return {};
}

/// In another container it can be asked, but not signalled.
result<void> end_unseen(const state::home& h, const std::string& name, const ending& how, result<control_client>& c, const deadline& by) {
  if (!state::node_lock::held(h, name))
    return {};
  auto free = [&](std::chrono::milliseconds t) { return lock_is_free_within(h, name, deadline{t}); };
  if (auto said = ask_to_stop(c, how, by); said && keeps(*said, how, free))
    return {};
  return error{errc::permission_denied, "node " + name + " runs, but its process cannot be seen from here",
               "is it in a container, or of another user? stop it there"};
}

/// Under the guard of its name.
result<void> stop_guarded(invocation& in, const std::string& name) {
  auto row = known_node(in, name);
  if (!row)
    return std::move(row).error();
  if (state::status_of(in.home, *row) != state::node_status::running)
    return error{errc::unreachable, "Node " + name + " is not running", "start it with: ockam node start " + name};
  if (auto ok = end_node(in.home, name, ending_of(in, name)); !ok)
    return ok;
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  return (*db)->node_stopped(name); // a node that was killed could not say so itself
}

} // namespace

ending ending_of(invocation& in, const std::string& name) {
  ending how{in.args.has("force")};
  if (auto given = in.args.get("timeout"); !given.empty())
    if (auto grace = parse_duration(given))
      how.grace = *grace;
  how.waits = [&in, name](std::chrono::milliseconds grace) {
    in.out.warn("Node " + name + " has work under way: it gets up to " + to_string(grace) + " to finish it");
  };
  how.was_killed = [&in, name](std::string_view why) { in.out.warn("Node " + name + " " + std::string{why} + ", and was killed"); };
  return how;
}

result<void> end_node(const state::home& h, const std::string& name, const ending& how) {
  deadline soon{ask_time};
  auto c = connect(h, name, soon);
  auto p = c ? c->peer() : std::nullopt;
  if (!p)
    p = state::process_of(h, name);
  if (!p)
    return end_unseen(h, name, how, c, soon);
  if (how.force)
    return kill(*p, name);
  auto said = ask_to_stop(c, how, soon);
  if (!said)
    return end_process(*p, name, how);
  return keeps(*said, how, [&](std::chrono::milliseconds t) { return p->ended_within(t); }) ? result<void>{} : kill_after_all(*p, name, how, "did not end in time");
}

result<void> end_process(const state::process& p, const std::string& name, const ending& how) {
  if (!p.signal(SIGTERM) && errno != ESRCH)
    return system_error("cannot stop node " + name, errno);
  return p.ended_within(in_order) ? result<void>{} : kill_after_all(p, name, how, "did not answer");
}

result<void> stop_node(invocation& in, const std::string& name) {
  auto guard = state::name_guard::acquire(in.home, name);
  if (!guard)
    return std::move(guard).error();
  return stop_guarded(in, name);
}

result<void> delete_node(invocation& in, const std::string& name) {
  auto guard = state::name_guard::acquire(in.home, name);
  if (!guard)
    return std::move(guard).error();
  if (auto ok = stop_guarded(in, name); !ok && ok.error().code != errc::unreachable)
    return ok;
  std::error_code failed;
  std::filesystem::remove_all(in.home.node(name), failed);
  if (failed)
    return system_error("cannot delete " + in.home.node(name).string(), failed.value());
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  return (*db)->remove_node(name);
}

} // namespace ockam::cli
