// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identity.hpp"

#include <map>
#include <mutex>
#include <set>
#include <span>

namespace ockam::identities {

/// What others have shown of themselves, so that who has once shown a newer history cannot be spoken for by whoever has
/// an old key. Thread: any, several at once.
class known_identities {
 public:
  virtual ~known_identities() = default;
  /// What is known of somebody; none is no error.
  virtual result<std::optional<identity>> find(const identifier& who) = 0;
  /// Compares with what is known and keeps what is newer, in one step. Errors: `not_authentic` for an older history
  /// or one in conflict; those of wherever they are kept.
  virtual result<void> learn(const identity& shown) = 0;
};

/// What `learn` does for `shown`, where `known` is what is kept of the same identifier or null: whether to keep it.
/// Errors: `not_authentic`.
result<bool> worth_keeping(const identity* known, const identity& shown);

/// In memory. Those that the operator has named (`keep`, `always_room_for`) stay, and always have room. Of strangers only
/// who has changed a key is kept, since an identity with one change cannot be shown in an older form; so nobody can fill the
/// memory with new identities but by the price of rotating each, and then at most so many of them and so many bytes of their
/// histories: beyond that a stranger with a newer history is refused.
class memory_identities : public known_identities {
 public:
  /// Of strangers: how many, and the bytes of their encoded histories together. These are 60,000 with a rotation each.
  explicit memory_identities(std::size_t most_strangers = 65'536, std::size_t most_bytes = 24u << 20)
    : most_strangers_{most_strangers}, most_bytes_{most_bytes} {}

  /// What the operator has of somebody, who is named by it. Where more is known already, since who it is has changed a key
  /// meanwhile, that stays. Errors: `not_authentic` for a history in conflict.
  result<void> keep(const identity& who);
  /// These do not count as strangers from now on.
  void always_room_for(std::span<const identifier> all);
  result<std::optional<identity>> find(const identifier& who) override;
  result<void> learn(const identity& shown) override;

 protected:
  /// Called before what somebody has shown is kept; with an error it is not, and `learn` fails by it. One call at a time,
  /// and may take its time: who has nothing new to say does not wait for it.
  virtual result<void> record(const identity&) { return {}; }
  /// All that are kept, in order. Only within `record`, and while nobody else has this.
  const std::map<identifier, identity>& all() const noexcept { return known_; }
  /// As `learn` does, without `record` and without bounds.
  result<void> take_back(const identity& who);

 private:
  result<bool> is_news(const identity& shown);
  result<void> has_room_for(const identity& shown) const;
  std::size_t size_of(const identifier& who) const;
  void put(const identity& shown);
  void name(const identifier& who);

  const std::size_t most_strangers_, most_bytes_;
  std::mutex writing_; ///< whoever changes what is below, also while it goes to a disk; before `mutex_`
  std::mutex mutex_;   ///< for that change itself, and for who reads without `writing_`
  std::map<identifier, identity> known_;
  std::set<identifier> named_;
  std::size_t strangers_ = 0, bytes_ = 0; ///< of those in `known_` who are not named
};

} // namespace ockam::identities
