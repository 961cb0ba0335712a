// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/ip_endpoint.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <unordered_map>

namespace ockam {

/// The addresses that a udp socket has heard from lately, with whatever is to be known of each. Anybody can
/// send a datagram, and in anybody's name, so they are bounded in number, and who is forgotten for a
/// newcomer depends on what each has shown so far:
///
///     newcomer ──some whole messages──▶ known ──shows that it gets what is sent to it──▶ proven
///     goes first, as long as there are many      goes next      goes when there is nobody else
///
/// So a flood of datagrams from ever new ports displaces itself: before anybody known, before newcomers of
/// other hosts once it has much of the table, and before newcomers who are heard of more often. Plain code.
/// One thread at a time.
template <class State>
class udp_peers {
 public:
  using clock = std::chrono::steady_clock;

  /// What somebody has shown, least first.
  enum class standing : std::uint8_t { newcomer, known, proven };
  /// Whole messages that make somebody known.
  static constexpr std::uint32_t messages_to_be_known = 2;

  struct peer {
    ip_endpoint at;
    clock::time_point heard{};
    std::uint32_t messages = 0; ///< whole ones that came from there
    standing now = standing::newcomer;
    State state{};
  };

  explicit udp_peers(std::size_t most) : most_{most} {}

  /// That something has come from there: its entry, maybe a fresh one. `forget(peer&)` is called for the one
  /// that made place for it.
  template <class F>
  peer& hear(const ip_endpoint& from, clock::time_point now, F&& forget) {
    auto it = table_.find(from);
    if (it == table_.end()) {
      if (table_.size() >= most_)
        remove(last_in_line(from), forget);
      auto& line = line_of(standing::newcomer);
      line.emplace_back().at = from;
      it = table_.emplace(from, std::prev(line.end())).first;
      ++newcomers_of_[host_of(from)];
    }
    auto& p = *it->second;
    auto& line = line_of(p.now);
    if (auto last = std::prev(line.end()); it->second != last)
      line.splice(line.end(), line, it->second);
    p.heard = now;
    return p;
  }

  /// Null when it has not been heard of lately.
  peer* find(const ip_endpoint& at) {
    auto it = table_.find(at);
    return it == table_.end() ? nullptr : &*it->second;
  }

  const peer* find(const ip_endpoint& at) const {
    auto it = table_.find(at);
    return it == table_.end() ? nullptr : &*it->second;
  }

  /// A whole message has come from there.
  void has_sent(peer& p) {
    if (p.messages < messages_to_be_known && ++p.messages == messages_to_be_known)
      raise(p, standing::known);
  }
  /// Somebody there has shown to get what is sent to it: nobody else can have sent what came.
  void has_received(peer& p) { raise(p, standing::proven); }

  /// Forgets those that were silent for `timeout`.
  template <class F>
  void sweep(clock::time_point now, std::chrono::milliseconds timeout, F&& forget) {
    for (auto& line : lines_)
      while (!line.empty() && now - line.front().heard >= timeout)
        remove(line.begin(), forget);
  }

  std::size_t size() const noexcept { return table_.size(); }

 private:
  using order = std::list<peer>; ///< the one not heard of for longest first
  using place = typename order::iterator;

  /// How many of the oldest newcomers are looked at for one of a certain host.
  static constexpr int looks = 64;

  order& line_of(standing s) { return lines_[static_cast<std::size_t>(s)]; }

  /// Who makes place for `from`. Newcomers always have a quarter of the table. Precondition: not empty.
  place last_in_line(const ip_endpoint& from) {
    auto& newcomers = line_of(standing::newcomer);
    for (auto s : {standing::known, standing::proven})
      if (4 * newcomers.size() < most_ && !line_of(s).empty())
        return line_of(s).begin();
    auto host = host_of(from);
    auto it = newcomers_of_.find(host);
    if (it != newcomers_of_.end() && 4 * it->second >= newcomers.size()) {
      auto n = newcomers.begin();
      for (int i = 0; i < looks && n != newcomers.end(); ++i, ++n)
        if (host_of(n->at) == host)
          return n;
    }
    return newcomers.begin();
  }

  void raise(peer& p, standing to) {
    if (p.now >= to)
      return;
    auto from = p.now;
    auto& line = line_of(to);
    line.splice(line.end(), line_of(from), table_.find(p.at)->second);
    if (from == standing::newcomer)
      one_less_of(p.at);
    p.now = to;
  }

  template <class F>
  void remove(place p, F& forget) {
    forget(*p);
    if (p->now == standing::newcomer)
      one_less_of(p->at);
    table_.erase(p->at);
    line_of(p->now).erase(p);
  }

  void one_less_of(const ip_endpoint& newcomer) {
    if (auto it = newcomers_of_.find(host_of(newcomer)); --it->second == 0)
      newcomers_of_.erase(it);
  }

  std::size_t most_;
  std::array<order, 3> lines_;
  std::unordered_map<ip_endpoint, place, ip_endpoint_hash> table_;
  std::unordered_map<ip_endpoint, std::size_t, ip_endpoint_hash> newcomers_of_; ///< by host
};

} // namespace ockam
