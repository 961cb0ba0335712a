// SPDX-License-Identifier: Apache-2.0
#include "identity/known_identities.hpp"

namespace ockam::identities {

result<bool> worth_keeping(const identity* known, const identity& shown) {
  if (!known)
    return true;
  switch (compare(*known, shown)) {
    case comparison::same: return false;
    case comparison::newer: return true;
    case comparison::older:
      return error{errc::not_authentic, to_string(shown.id()) + " shows an older history than before",
                   "its key was changed, and this is the old one"};
    case comparison::conflict: break;
  }
  return error{errc::not_authentic, to_string(shown.id()) + " shows another history than before",
               "two have changed the same key: one of them stole it"};
}

result<void> memory_identities::keep(const identity& who) {
  std::lock_guard lock{mutex_};
  auto at = known_.find(who.id());
  auto worth = worth_keeping(at == known_.end() ? nullptr : &at->second, who);
  if (!worth)
    return std::move(worth).error();
  if (*worth)
    known_.insert_or_assign(who.id(), who);
  return {};
}

result<std::optional<identity>> memory_identities::find(const identifier& who) {
  std::lock_guard lock{mutex_};
  auto at = known_.find(who);
  return at == known_.end() ? std::optional<identity>{} : std::optional{at->second};
}

result<void> memory_identities::learn(const identity& shown) {
  std::lock_guard lock{mutex_};
  return put(shown, true);
}

result<void> memory_identities::take_back(const identity& who) {
  std::lock_guard lock{mutex_};
  return put(who, false);
}

result<void> memory_identities::put(const identity& shown, bool is_new) {
  auto at = known_.find(shown.id());
  bool is_known = at != known_.end();
  auto worth = worth_keeping(is_known ? &at->second : nullptr, shown);
  if (!worth)
    return std::move(worth).error();
  if (!*worth || (!is_known && shown.changes().size() == 1))
    return {};
  if (!is_known && known_.size() >= capacity_)
    return error{errc::limit_reached, "no room for the history of one more stranger, " + to_string(shown.id()), {}};
  if (is_new)
    if (auto ok = record(shown); !ok)
      return ok;
  known_.insert_or_assign(shown.id(), shown);
  return {};
}

} // namespace ockam::identities
