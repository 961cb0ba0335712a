// SPDX-License-Identifier: Apache-2.0
#include "identity/identity.hpp"

#include <algorithm>

namespace ockam::identities {

namespace {

error at(std::size_t number, error e) {
  e.cause = "change " + std::to_string(number) + ": " + e.cause;
  return e;
}

error refused(std::size_t number, std::string why) { return at(number, {errc::not_authentic, std::move(why), {}}); }

/// What a change that is not the first one must be, seen from the one before.
result<void> follows(const identity::verified_change& before, const change& c, const change_data& data,
                     std::size_t number) {
  if (data.previous != before.hash)
    return refused(number, "names another change before it");
  if (data.valid_from < before.data.valid_from)
    return refused(number, "begins before the change before it");
  if (!c.by_previous)
    return refused(number, "is not signed by the key before it");
  if (auto ok = verify(before.data.key, c.hash(), *c.by_previous); !ok)
    return at(number, {ok.error().code, "key before it: " + ok.error().cause, {}});
  return {};
}

/// The history with one more change, whose key is new in the vault.
result<identity> extend(vault& keys, change_history history, const change_data& data, const verifying_key* before) {
  auto made = sign(keys, data.key, data_type::change, encode(data));
  if (!made)
    return std::move(made).error();
  change next{*std::move(made), std::nullopt};
  if (before) {
    auto by_previous = keys.sign(*before, next.hash());
    if (!by_previous)
      return std::move(by_previous).error();
    next.by_previous = *by_previous;
  }
  history.changes.push_back(std::move(next));
  return identity::verify(std::move(history));
}

/// `extend`, after which a key that no history has is not left in the vault.
result<identity> extend_or_undo(vault& keys, change_history history, const change_data& data,
                                const verifying_key* before) {
  auto out = extend(keys, std::move(history), data, before);
  if (!out)
    (void)keys.remove(data.key);
  return out;
}

} // namespace

result<identity> identity::verify(change_history history, const identifier* expected) {
  identity out;
  for (std::size_t i = 0; i < history.changes.size(); ++i) {
    const auto& c = history.changes[i];
    auto data = decode_change(c.data);
    if (!data)
      return at(i, std::move(data).error());
    if (i == 0 && data->previous)
      return refused(i, "the first one names a change before it");
    if (i > 0)
      if (auto ok = follows(out.changes_.back(), c, *data, i); !ok)
        return std::move(ok).error();
    if (auto ok = identities::verify(c, data->key); !ok)
      return at(i, ok.error());
    out.changes_.push_back({c.hash(), *std::move(data)});
  }
  if (out.changes_.empty())
    return error{errc::not_authentic, "an empty change history", {}};
  out.id_.hash = out.changes_.front().hash;
  if (expected && out.id_ != *expected)
    return error{errc::not_authentic, "the history is that of " + to_string(out.id_), {}};
  out.history_ = std::move(history);
  return out;
}

result<identity> identity::import(bytes_view encoded, const identifier* expected) {
  auto history = decode_history(encoded);
  if (!history)
    return std::move(history).error();
  return verify(*std::move(history), expected);
}

result<identity> create_identity(vault& keys, key_type type, timestamp now, timestamp lifetime) {
  auto key = keys.new_signing_key(type);
  if (!key)
    return std::move(key).error();
  return extend_or_undo(keys, {}, {std::nullopt, *key, false, now, now + lifetime}, nullptr);
}

result<identity> rotate(vault& keys, const identity& who, key_type type, timestamp now, timestamp lifetime,
                        bool revokes_purpose_keys) {
  if (who.changes().size() >= change_history::max_changes)
    return error{
      errc::limit_reached, "an identity of " + std::to_string(who.changes().size()) + " changes takes no more", {}};
  auto key = keys.new_signing_key(type);
  if (!key)
    return std::move(key).error();
  const auto& latest = who.latest();
  auto from = std::max(now, latest.data.valid_from); // a clock that was set back makes no history that others refuse
  return extend_or_undo(keys, who.history(), {latest.hash, *key, revokes_purpose_keys, from, from + lifetime},
                        &latest.data.key);
}

comparison compare(const identity& known, const identity& shown) {
  auto same_hash = [](const auto& a, const auto& b) { return a.hash == b.hash; };
  auto common = std::min(known.changes().size(), shown.changes().size());
  if (!std::equal(known.changes().begin(), known.changes().begin() + static_cast<std::ptrdiff_t>(common),
                  shown.changes().begin(), same_hash))
    return comparison::conflict;
  if (known.changes().size() == shown.changes().size())
    return comparison::same;
  return common == known.changes().size() ? comparison::newer : comparison::older;
}

} // namespace ockam::identities
