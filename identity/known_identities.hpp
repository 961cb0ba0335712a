// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identity.hpp"

#include <map>
#include <mutex>

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

/// In memory. Those that the operator has named (`keep`) stay. Of strangers only who has changed a key is kept, since
/// an identity with one change cannot be shown in an older form; so nobody can fill the memory with new identities but
/// by the price of rotating each, and then at most `capacity` of them: beyond that a stranger with a newer history is
/// refused.
class memory_identities : public known_identities {
 public:
  explicit memory_identities(std::size_t capacity = 65'536) : capacity_{capacity} {}

  /// Errors: as `learn`.
  result<void> keep(const identity& who);
  result<std::optional<identity>> find(const identifier& who) override;
  result<void> learn(const identity& shown) override;

 protected:
  /// Called before what somebody has shown is kept; with an error it is not, and `learn` fails by it. One call at a time.
  virtual result<void> record(const identity&) { return {}; }
  /// All that are kept, in order. Only within `record`, and while nobody else has this.
  const std::map<identifier, identity>& all() const noexcept { return known_; }
  /// As `learn` does, without `record`.
  result<void> take_back(const identity& who);

 private:
  result<void> put(const identity& shown, bool is_new);

  const std::size_t capacity_;
  std::mutex mutex_;
  std::map<identifier, identity> known_;
};

} // namespace ockam::identities
