// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/watching_handle.hpp"

#include "runtime/workers/actor_error.hpp"
#include "runtime/workers/watch_desk.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/default_attachable.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>

#include <utility>

namespace ockam {

namespace {

/// In place of the number of a watch: there is none.
constexpr watch_id told_soon = ~watch_id{0};

} // namespace

void watching_handle::attach(caf::attachable_ptr what) {
  caf::monitorable_actor::attach(std::move(what));
  exclusive_critical_section([this] { follow(); });
}

std::size_t watching_handle::detach(const caf::attachable::token& what) {
  auto n = caf::monitorable_actor::detach(what);
  exclusive_critical_section([this] { follow(); });
  return n;
}

void watching_handle::add_link(caf::abstract_actor* other) {
  caf::monitorable_actor::add_link(other);
  exclusive_critical_section([this] { follow(); });
}

void watching_handle::remove_link(caf::abstract_actor* other) {
  caf::monitorable_actor::remove_link(other);
  exclusive_critical_section([this] { follow(); });
}

// Both are called in the critical section.

bool watching_handle::add_backlink(caf::abstract_actor* other) {
  bool added = caf::monitorable_actor::add_backlink(other);
  follow();
  return added;
}

bool watching_handle::remove_backlink(caf::abstract_actor* other) {
  bool removed = caf::monitorable_actor::remove_backlink(other);
  follow();
  return removed;
}

void watching_handle::on_exit_message(const caf::exit_msg& m, caf::execution_unit* unit) {
  detach(caf::default_attachable::observe_token{m.source, caf::default_attachable::link});
  if (m.reason)
    cleanup(caf::error{m.reason}, unit);
}

void watching_handle::on_cleanup(const caf::error& reason) {
  caf::monitorable_actor::on_cleanup(reason);
  follow();
}

/// The last reference is gone: CAF says the same of an actor that nobody can reach any more.
void watching_handle::on_destroy() {
  if (!getf(is_cleaned_up_flag))
    cleanup(caf::exit_reason::unreachable, nullptr);
  caf::monitorable_actor::on_destroy();
}

/// The desk calls nothing that could wait for this handle, so it may be asked here. Where there is none, or none any
/// more, nobody would ever tell: that is done by an actor, since it must not be in the critical section.
void watching_handle::follow() {
  bool wanted = attachables_head_ != nullptr;
  if (wanted == (watch_ != 0))
    return;
  auto desk = watch_desk::of(home_system());
  if (!wanted) {
    if (auto id = std::exchange(watch_, 0); desk && id != told_soon)
      desk->unwatch(id);
    return;
  }
  auto tell = [weak = caf::weak_actor_ptr{ctrl()}, serial = ++serial_](const error& why) {
    if (auto handle = weak.lock())
      static_cast<watching_handle*>(handle->get())->ended(serial, why);
  };
  watch_ = desk ? desk->watch({*to_, nullptr, tell}) : 0;
  if (watch_ != 0)
    return;
  watch_ = told_soon;
  home_system().spawn<caf::hidden>([tell] { tell({errc::closed, "the node stops", {}}); });
}

void watching_handle::ended(std::uint64_t serial, const error& why) {
  caf::attachable_ptr all;
  exclusive_critical_section([&] {
    if (serial != serial_ || watch_ == 0)
      return;
    watch_ = 0;
    all.swap(attachables_head_);
  });
  auto reason = why.code == errc::ok ? caf::error{} : to_caf(why);
  for (auto* a = all.get(); a; a = a->next.get())
    a->actor_exited(reason, nullptr);
}

} // namespace ockam
