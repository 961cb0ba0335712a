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
  std::lock_guard one_at_a_time{writing_};
  name(who.id());
  auto at = known_.find(who.id());
  bool is_known = at != known_.end();
  if (is_known && compare(at->second, who) == comparison::older)
    return {};
  auto worth = worth_keeping(is_known ? &at->second : nullptr, who);
  if (!worth)
    return std::move(worth).error();
  if (*worth)
    put(who);
  return {};
}

void memory_identities::always_room_for(std::span<const identifier> all) {
  std::lock_guard one_at_a_time{writing_};
  for (const auto& who : all)
    name(who);
}

result<std::optional<identity>> memory_identities::find(const identifier& who) {
  std::lock_guard lock{mutex_};
  auto at = known_.find(who);
  return at == known_.end() ? std::optional<identity>{} : std::optional{at->second};
}

result<void> memory_identities::learn(const identity& shown) {
  if (auto news = is_news(shown); !news || !*news)
    return news ? result<void>{} : result<void>{std::move(news).error()};
  std::lock_guard one_at_a_time{writing_};
  if (auto news = is_news(shown); !news || !*news) // by another thread meanwhile
    return news ? result<void>{} : result<void>{std::move(news).error()};
  if (auto room = has_room_for(shown); !room)
    return room;
  if (auto ok = record(shown); !ok)
    return ok;
  put(shown);
  return {};
}

result<void> memory_identities::take_back(const identity& who) {
  std::lock_guard one_at_a_time{writing_};
  auto news = is_news(who);
  if (!news)
    return std::move(news).error();
  if (*news)
    put(who);
  return {};
}

/// Whether it is to be kept. Errors: `not_authentic`.
result<bool> memory_identities::is_news(const identity& shown) {
  std::lock_guard lock{mutex_};
  auto at = known_.find(shown.id());
  bool is_known = at != known_.end();
  if (!is_known && shown.changes().size() == 1)
    return false;
  return worth_keeping(is_known ? &at->second : nullptr, shown);
}

result<void> memory_identities::has_room_for(const identity& shown) const {
  if (named_.contains(shown.id()))
    return {};
  bool is_one_more = !known_.contains(shown.id());
  if (strangers_ + (is_one_more ? 1 : 0) <= most_strangers_ && bytes_ - size_of(shown.id()) + shown.exported().size() <= most_bytes_)
    return {};
  return error{errc::limit_reached, "no room for what one more stranger shows of a changed key, " + to_string(shown.id()),
               "who is named in `authorized` always has room"};
}

/// Of what is kept of it.
std::size_t memory_identities::size_of(const identifier& who) const {
  auto at = known_.find(who);
  return at == known_.end() ? 0 : at->second.exported().size();
}

void memory_identities::put(const identity& shown) {
  if (!named_.contains(shown.id())) {
    strangers_ += known_.contains(shown.id()) ? 0 : 1;
    bytes_ += shown.exported().size() - size_of(shown.id());
  }
  std::lock_guard lock{mutex_};
  known_.insert_or_assign(shown.id(), shown);
}

void memory_identities::name(const identifier& who) {
  if (!named_.insert(who).second || !known_.contains(who))
    return;
  --strangers_;
  bytes_ -= size_of(who);
}

} // namespace ockam::identities
