// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"
#include "runtime/core/section.hpp"
#include "runtime/core/unique_function.hpp"
#include "runtime/links/connector.hpp"
#include "runtime/links/transport_set.hpp"
#include "runtime/workers/node_context.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ockam {

/// What `list` and `show` say of one thing of a facility: fields with their values, as texts. The command line gives
/// them the shape that people know.
struct item_info {
  std::string name;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// What streams through the node carry: those that are open, and the bytes of all that have been.
struct carried_bytes {
  std::size_t open = 0;
  std::uint64_t bytes = 0;
};

/// A thing that has all that it needs, and has not begun. Its end gives back what was taken for it.
struct ready_item {
  unique_function<result<config_section>()> begin; ///< once; as `facility::begin`
  bool takes_over = false; ///< what one has that goes: it begins when that has ended
};

/// A kind of thing that a node has beside links and services, each made by a section of the configuration or at the
/// prompt: an outlet, an inlet, a relay. The runtime begins, ends, lists and keeps them without knowing what they are. Socket
/// thread only.
class facility {
 public:
  virtual ~facility() = default;
  /// `tcp-outlet`: the word of its sections and of its commands.
  virtual std::string_view kind() const = 0;
  /// Of its sections: a reload that finds the same said in other words leaves a thing as it is.
  virtual std::span<const key_descriptor> keys() const = 0;
  /// Whether its things go by connections of this node, and may name them: a configuration begins them last, when the
  /// connections are there.
  virtual bool goes_by_connections() const { return false; }
  /// Whether all is right and there that a section names, but for its own name: what `begin` would refuse otherwise. Nothing
  /// has changed then. Errors: those of `begin`.
  virtual result<void> check(const config_section& s) {
    (void)s;
    return {};
  }
  /// Gets ready what a configuration has, beside what runs: what can fail fails here, and nothing of what runs has changed
  /// then. `gone`: sections of this configuration's predecessor that end before it begins, and leave their names and ports
  /// to it; they may be of other kinds. Errors: those of `begin`.
  virtual result<ready_item> prepare(const config_section& s, const std::vector<config_section>& gone) {
    (void)gone;
    if (auto ok = check(s); !ok)
      return std::move(ok).error();
    return ready_item{[this, s] { return begin(s); }};
  }
  /// Begins one that was made at the prompt; returns its section as it is to be kept: with the name that it got, and a port that the system has
  /// chosen. Errors: `already_exists`, `address_in_use`, `invalid_argument`, …
  virtual result<config_section> begin(const config_section& s) = 0;
  /// Error: `not_found`.
  virtual result<void> end(std::string_view name) = 0;
  /// The configuration has no section of this name any more, and its thing has ended: what a node without such a section
  /// has may begin again.
  virtual void left(std::string_view name) { (void)name; }
  virtual std::vector<item_info> list() const = 0;
  /// Calls once with how it does: as soon as it works or is known not to, or after `within`. At once where there is
  /// nothing to wait for. `settling` does it.
  virtual void when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) {
    (void)name;
    (void)within;
    done();
  }
  /// The node is to stop: nobody new is let in, and what is under way goes on.
  virtual void close_doors() {}
  /// Of those that carry something: what does is under way.
  virtual carried_bytes carried() const { return {}; }
  /// Ends all of them; for the end of the node, before its transports stop.
  virtual void stop() = 0;
};

/// What facilities work with. Lives longer than they.
struct facility_context {
  const node_context& node;
  connector& connections;
  const transport_set& transports;
  const routing_config& routing;
};

/// `main` wires the parts: the node gets facilities as data.
using facility_factory = std::function<std::unique_ptr<facility>(const facility_context& c)>;

/// Those of a node, in the order in which `main` has them.
class facility_set {
 public:
  void add(std::unique_ptr<facility> f) { all_.push_back(std::move(f)); }
  /// Null: this node has no such kind.
  facility* find(std::string_view kind) const noexcept {
    for (const auto& f : all_)
      if (f->kind() == kind)
        return f.get();
    return nullptr;
  }
  auto begin() const noexcept { return all_.begin(); }
  auto end() const noexcept { return all_.end(); }
  void clear() { all_.clear(); }

 private:
  std::vector<std::unique_ptr<facility>> all_;
};

} // namespace ockam
