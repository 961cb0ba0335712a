// SPDX-License-Identifier: Apache-2.0
#include "simulate/checker.hpp"

#include <algorithm>

namespace ockam::simulate {

using namespace std::chrono_literals;

namespace {

std::string seconds(sim::clock::duration d) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(d).count()) + " ms";
}

/// What one read of a link is at most.
constexpr std::size_t largest_read = 256u << 10, least_read = 16u << 10;
/// Between a cause and what follows from it, where timers are in between.
constexpr auto slack = 1'500ms;

} // namespace

checker::checker(world& w, journal& j) : world_{w}, journal_{j}, unimpeded_since_{w.net().now()} {}

void checker::begin() {
  for (const auto& f : world_.all_flows().all())
    largest_payload_ = std::max(largest_payload_, f->most);
  world_.net().observe([this] { after_each_event(); });
}

// -- memory --------------------------------------------------------------------------------------------

/// What a node may have charged: its budget, and what each link reads before it knows that there is none left.
std::size_t checker::memory_bound(std::size_t i) {
  constexpr std::size_t few = 128u << 10; // probes and reports
  auto& n = world_.node(i);
  auto links = n.reactor().streams() + 2; // and those over udp
  auto read = std::clamp(world_.limit().link_budget, least_read, largest_read);
  return n.budget().limit() + links * read + 2 * largest_payload_ + few;
}

void checker::after_each_event() {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    auto used = world_.node(i).budget().used();
    if (auto bound = memory_bound(i); used > bound)
      journal_.violated(invariant::memory, "n" + std::to_string(i + 1) + " has " + std::to_string(static_cast<std::int64_t>(used))
                                             + " bytes charged, which is over " + std::to_string(bound));
  }
}

// -- pauses --------------------------------------------------------------------------------------------

/// What a link has encoded of its own peer's messages, replies to them, is charged to itself. If that and a frame that
/// comes in are over its budget, it does not read until it is found to be stalled, and when its peer does the same,
/// both may crawl, or wait until the write timeout closes them.
bool checker::jams_are_long() const {
  constexpr std::size_t encoded = 256u << 10;
  return world_.limit().link_budget < encoded + 2 * largest_payload_;
}

/// Of a jam that is long, each stall moves little more than a frame.
std::chrono::milliseconds checker::patience() const {
  return jams_are_long() ? 20 * world_.limit().write_timeout : 45'000ms;
}

bool checker::closed_as_stuck() {
  for (std::size_t n = 0; n < world_.size(); ++n)
    if (world_.node(n).board().refused()[refusal::write_timeout] > 0)
      return jams_are_long();
  return false;
}

void checker::at_pause_in_time() {
  check_pauses();
  check_probes();
}

void checker::check_pauses() {
  auto now = world_.net().now();
  for (std::size_t i = 0; i < world_.size(); ++i) {
    auto& n = world_.node(i);
    auto streams = n.reactor().unread_streams();
    std::erase_if(streams, [](auto& s) { return s.wanted; });
    if (streams.empty())
      continue;
    auto name = [&](const std::string& peer) { return "n" + std::to_string(i + 1) + " does not read from " + peer; };
    for (auto& t : n.parts().transports)
      for (const auto& l : t->links())
        if (l.state == "up" && l.pending_bytes == 0)
          for (const auto& s : streams)
            if (s.peer == l.socket_address)
              return journal_.violated(invariant::pauses, name(s.peer) + ", although nothing of that link is left in the node ("
                                                            + std::to_string(s.bytes) + " bytes wait)");
    for (const auto& s : streams) {
      auto& p = paused_[{i, s.peer}];
      if (p.since == sim::clock::time_point{} || p.read != s.read)
        p = {s.read, now};
      p.seen = true;
      if (unimpeded_since_ == sim::clock::time_point::max())
        continue;
      auto since = std::max(p.since, unimpeded_since_);
      auto stall = world_.limit().stall;
      auto text = name(s.peer) + " for " + seconds(now - since) + ", and nothing is slow any more";
      if (now - since > (jams_are_long() ? 2 * world_.limit().write_timeout : 2 * stall) + slack)
        journal_.violated(invariant::pauses, text);
      if (now - since > stall + slack)
        journal_.violated(invariant::prompt, text);
    }
  }
  for (auto it = paused_.begin(); it != paused_.end();)
    it = std::exchange(it->second.seen, false) ? std::next(it) : paused_.erase(it);
}

// -- probes --------------------------------------------------------------------------------------------

void checker::check_probes() {
  auto now = world_.net().now();
  auto stall = world_.limit().stall;
  for (const auto& f : world_.all_flows().all()) {
    if (!f->is_probe || f->unanswered.empty())
      continue;
    auto waits = now - f->unanswered.front().second;
    auto dead = static_cast<int>(f->dead_neighbours);
    auto text = f->name + ": number " + std::to_string(f->unanswered.front().first) + " is not answered for " + seconds(waits);
    if (waits > (1 + dead) * stall + slack)
      journal_.violated(invariant::probes, text);
    if (waits > std::max(1, dead) * stall + slack)
      journal_.violated(invariant::prompt, text);
  }
}

// -- the end -------------------------------------------------------------------------------------------

void checker::at_end() {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    auto& n = world_.node(i);
    auto who = "n" + std::to_string(i + 1);
    for (const auto& s : n.reactor().unread_streams())
      journal_.violated(invariant::pauses, who + " has never read " + std::to_string(s.bytes) + " bytes from " + s.peer);
    if (n.budget().used() != 0 || n.board().queued() != 0)
      journal_.violated(invariant::drained, who + " has " + std::to_string(static_cast<std::int64_t>(n.budget().used())) + " bytes charged and "
                                              + std::to_string(n.board().queued()) + " messages queued when all has ended");
  }
  check_counts();
  check_reasons();
  check_losses();
}

/// What is missing was dropped, as far as no connection has taken it along, and what was dropped is missing:
///
///     missing = sent - arrived         dropped = messages + reports that had no way back
///
/// Each message that asked for it becomes a report when it is dropped, which may arrive or be dropped again.
void checker::check_counts() {
  std::uint64_t missing = 0, certain = 0, asked = 0;
  for (const auto& f : world_.all_flows().all()) {
    missing += f->missing();
    if (!f->touched)
      certain += f->missing();
    if (f->wants_reports)
      asked += f->missing();
    if (f->is_stream)
      asked += 2 * f->missing(); // both ends are told, whether they asked or not
  }
  auto dropped = world_.dropped();
  auto reports = world_.all_flows().reports();
  auto text = std::to_string(missing) + " messages are missing (" + std::to_string(certain) + " of them with no connection that ended, "
              + std::to_string(asked) + " asked for reports), " + std::to_string(dropped) + " were dropped, "
              + std::to_string(reports) + " reports came";
  if (certain > dropped && !closed_as_stuck())
    journal_.violated(invariant::accounting, "lost without being counted: " + text);
  if (reports > asked || dropped > missing + asked - std::min(asked, reports))
    journal_.violated(invariant::accounting, "counted although they arrived: " + text);
}

void checker::check_reasons() {
  for (std::size_t i = 1; i < drop_reason_count; ++i) {
    auto why = static_cast<drop_reason>(i);
    bool of_ends = why == drop_reason::link_down || why == drop_reason::unknown_worker;
    if (why == drop_reason::congested || why == drop_reason::stream_broken || (of_ends && (ended_ || closed_as_stuck())))
      continue;
    if (auto n = world_.dropped(why); n > 0)
      journal_.violated(invariant::explained, std::to_string(n) + " messages were dropped as " + std::string{to_string(why)}
                                                + ", for which there is no cause");
  }
  for (std::size_t i = 0; i < refusal_count; ++i) {
    auto why = static_cast<refusal>(i);
    if (why == refusal::over_budget || why == refusal::incomplete_message || why == refusal::stale_fragment)
      continue; // what a udp link does instead of pausing
    if (why == refusal::write_timeout && closed_as_stuck())
      continue;
    for (std::size_t n = 0; n < world_.size(); ++n)
      if (world_.node(n).board().refused()[why] > 0)
        journal_.violated(invariant::explained, "n" + std::to_string(n + 1) + " refused as " + std::string{to_string(why)} + " what was valid");
  }
}

/// A node that waits for somebody who has stalled is itself, to the node before it, one that takes nothing; and where
/// messages wait for one another in a circle, a stall ends that. In both others lose what waits beside it.
bool checker::nobody_loses() const {
  int directions[2] = {0, 0};
  for (const auto& f : world_.all_flows().all()) {
    if (f->crossings.empty())
      continue;
    if (f->from == f->to)
      return false;
    ++directions[f->from->node() < f->to->node()];
  }
  return !has_stalled_ && (directions[0] == 0 || directions[1] == 0);
}

void checker::check_losses() {
  if (!nobody_loses())
    return;
  for (const auto& f : world_.all_flows().all())
    if (!f->touched && !f->excused && f->from->is_client() && f->missing() > 0)
      journal_.violated(invariant::lossless, f->name + ": " + std::to_string(f->missing()) + " of " + std::to_string(f->sent)
                                               + " messages are missing");
}

} // namespace ockam::simulate
