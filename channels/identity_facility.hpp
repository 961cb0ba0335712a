// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/environment.hpp"
#include "runtime/links/facility.hpp"
#include "runtime/links/settling.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ockam::channels {

/// The facility `channel-identity`: identities of the node beside its own, for channels and listeners that name one. What they
/// need is read on another thread. Socket thread only.
class identities_facility final : public facility {
 public:
  explicit identities_facility(environment_ptr env) : env_{std::move(env)} {}

  std::string_view kind() const override;
  std::span<const key_descriptor> keys() const override;
  /// Its files are read later, on another thread: where they cannot be, it goes on with what it was.
  result<void> check(const config_section& s) override;
  result<config_section> begin(const config_section& s) override;
  /// Channels and listeners that have begun with it go on with it; so do they when a section of this name comes again, with
  /// what that says of the same identity.
  result<void> end(std::string_view name) override;
  std::vector<item_info> list() const override;
  /// Until its keys were opened, or cannot be.
  void when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) override;
  void stop() override;

 private:
  struct entry {
    option_texts keys;
    identity_ptr who;
    bool is_settled = false;
    errc code = errc::ok; ///< while it is not opened: why
    std::string reason;
    settling waiting = {};
  };
  using entry_ptr = std::shared_ptr<entry>;

  /// On another thread. False: too much waits there.
  static bool read(const environment_ptr& env, const std::string& name, const entry_ptr& e, std::optional<identity_config> moved);

  environment_ptr env_;
  std::map<std::string, entry_ptr, std::less<>> all_;
};

/// Has the identities of a node read what they are again, on other threads, and tells the other ends of open channels what is
/// new of them. What cannot be read is in the log, and all stays as it was. Socket thread only.
void refresh_identities(const environment_ptr& env);

} // namespace ockam::channels
