// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/support/node.hpp"
#include "simulate/ends.hpp"
#include "simulate/flows.hpp"
#include "simulate/journal.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace ockam::simulate {

/// Equal seeds give equal numbers, with every standard library.
class dice {
 public:
  explicit dice(std::uint64_t seed) : random_{seed} {}
  /// From 0 to n - 1.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  std::size_t between(std::size_t least, std::size_t most) { return least + below(most - least + 1); }
  /// One in n.
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  const T& one_of(const std::array<T, N>& all) { return all[below(N)]; }
  std::uint64_t seed() { return random_(); }

 private:
  std::mt19937_64 random_;
};

/// A connection that one node keeps to another.
struct crossing {
  std::size_t from = 0, to = 0; ///< indexes of nodes
  std::string transport;
  std::string alias;            ///< of its worker at `from`
  std::string listener;         ///< where `to` listens for it: host:port
  bool removed = false;         ///< by a reload, for now
  bool loses() const { return transport == "udp"; }
};

/// The nodes of a schedule, how they are connected, and who sends and gets messages.
///
///     client ══ n1: h, workers ══ tcp | ws | caf | udp ══ n2: h, workers ══ client        … up to four in a row
class world {
 public:
  world(dice& random, journal& j);
  ~world();

  sim::network& net() noexcept { return net_; }
  std::size_t size() const noexcept { return nodes_.size(); }
  sim::node& node(std::size_t i) { return *nodes_[i].what; }
  const limits& limit() const noexcept { return limits_; }
  std::vector<crossing>& crossings() noexcept { return crossings_; }
  flows& all_flows() noexcept { return flows_; }
  const std::vector<std::unique_ptr<client_end>>& clients() const noexcept { return clients_; }
  const std::vector<std::unique_ptr<worker_end>>& workers() const noexcept { return workers_; }

  client_end& add_client(std::size_t node, const std::string& name, role part);
  worker_end& add_worker(std::size_t node, const std::string& name, worker_thread thread);

  /// Index of the connection that `from` has to `to`; they are neighbours.
  std::size_t crossing_of(std::size_t from, std::size_t to) const;
  /// From `from` to what leads on from node `at`.
  route way(const end& from, std::size_t at, const route& rest) const;
  /// From `from` over one and the same link `times` times, to what leads on from there; empty when there is no link.
  route round_trips(const end& from, std::size_t crossing, std::size_t times, const route& rest);
  /// Which connections `way` takes.
  std::vector<std::size_t> crossings_between(std::size_t from, std::size_t to) const;

  /// Ends a connection between nodes as seen from outside, or because a node closes it.
  void cut(std::size_t crossing);
  void close_by_node(std::size_t crossing);
  /// Takes a connection out of a node's configuration, or puts it back.
  void remove_connection(std::size_t crossing, bool yes);
  /// The same for a service or a listener that nobody uses.
  void toggle_service(std::size_t node);
  void toggle_listener(std::size_t node);

  std::uint64_t dropped(drop_reason why);
  std::uint64_t dropped();
  /// Links and what waits for them, in lines for people.
  std::vector<std::string> state();
  /// Nothing is under way any more that will move by itself.
  bool at_rest();

 private:
  struct member {
    node_config config;
    std::unique_ptr<sim::node> what;
  };
  /// Tells this thread and the journal what time it is.
  struct timekeeper final : sim::participant {
    timekeeper(sim::network& net, journal& j) : net_{net}, journal_{j} {
      net_.join(*this);
      advance({});
    }
    ~timekeeper() { net_.leave(*this); }
    bool step() override { return false; }
    void advance(sim::clock::duration) override;
    sim::network& net_;
    journal& journal_;
  };

  static listener_config listener(const std::string& transport, const std::string& name, std::uint16_t port);
  void configure(dice& random);
  void reload(std::size_t node);

  sim::network net_;
  timekeeper time_;
  journal& journal_;
  flows flows_;
  limits limits_;
  std::vector<member> nodes_;
  std::vector<crossing> crossings_;
  std::vector<std::unique_ptr<client_end>> clients_;
  std::vector<std::unique_ptr<worker_end>> workers_;
};

} // namespace ockam::simulate
