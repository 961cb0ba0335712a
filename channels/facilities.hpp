// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/listener.hpp"
#include "channels/session.hpp"
#include "runtime/links/facility.hpp"
#include "runtime/links/route_maker.hpp"

#include <map>
#include <memory>
#include <string>

namespace ockam::channels {

/// The listener that every node with an identity has.
inline constexpr std::string_view default_listener = "api";

/// The facility `secure-channel-listener`. Socket thread only.
class listeners final : public facility {
 public:
  /// Starts the default listener, if the node has an identity.
  explicit listeners(environment_ptr env);

  std::string_view kind() const override;
  std::span<const key_descriptor> keys() const override;
  result<void> check(const config_section& s) override;
  /// One of the name of the default listener takes its place.
  result<ready_item> prepare(const config_section& s, const std::vector<config_section>& gone) override;
  result<config_section> begin(const config_section& s) override;
  result<void> end(std::string_view name) override;
  /// The default listener is there again.
  void left(std::string_view name) override;
  std::vector<item_info> list() const override;
  void stop() override;

 private:
  struct entry {
    option_texts keys;
    identity_ptr own;
    std::uint32_t flow;
    std::shared_ptr<listener_figures> figures;
    bool is_default = false; ///< nobody has asked for it
  };
  result<void> start(const std::string& name, const option_texts& keys, bool is_default);

  environment_ptr env_;
  std::map<std::string, entry, std::less<>> all_;
};

/// The facility `secure-channel`: those that this node has begun, and that are to last. Socket thread only.
class secure_channels final : public facility {
 public:
  /// Starts what makes channels for services, if the node has an identity.
  explicit secure_channels(environment_ptr env);

  std::string_view kind() const override;
  std::span<const key_descriptor> keys() const override;
  result<void> check(const config_section& s) override;
  /// Without a name it gets an address of chance.
  result<config_section> begin(const config_section& s) override;
  result<void> end(std::string_view name) override;
  std::vector<item_info> list() const override;
  void when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) override;
  void stop() override;

 private:
  struct entry {
    option_texts keys;
    identity_ptr own;
    address session;
    std::shared_ptr<session_status> status;
    std::shared_ptr<route_channels> channels; ///< that its own route goes through
  };

  result<terms> read_terms(const option_values& keys) const;

  environment_ptr env_;
  std::map<std::string, entry, std::less<>> all_;
};

} // namespace ockam::channels
