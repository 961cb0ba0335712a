// SPDX-License-Identifier: Apache-2.0
#include "simulate/schedule.hpp"

#include "simulate/checker.hpp"
#include "simulate/determinism.hpp"
#include "simulate/faults.hpp"
#include "simulate/world.hpp"

#include <algorithm>

namespace ockam::simulate {

using namespace std::chrono_literals;

namespace {

std::string name_of(std::size_t node) { return "n" + std::to_string(node + 1); }

/// One run.
class schedule {
 public:
  schedule(std::uint64_t seed, const options& o)
    : options_{o}, random_{seed}, journal_{o.checked, o.trace}, world_{random_, journal_}, checker_{world_, journal_},
      faults_{world_, checker_, journal_, random_} {}

  outcome go();
  /// Something was thrown that no node may throw: this cannot be taken apart in order.
  bool broken() const noexcept { return broken_; }

 private:
  void play();
  void people();
  void open_flows();
  void open_probe(client_end& from, std::size_t at, std::size_t dead_neighbours);
  void open_flow();
  void open_round_trip();
  void open_hostage();
  flow& make(std::string name, end& from, end& to);
  end& any_end();

  void send_some();
  void probe_some();
  void pass(std::chrono::milliseconds time);
  void wave();
  void settle();
  bool failed() const { return journal_.failure().has_value(); }

  const options& options_;
  dice random_;
  journal journal_;
  world world_;
  checker checker_;
  faults faults_;
  bool broken_ = false;
  bool only_large_ = random_.one_in(3);
  std::size_t volume_ = 0; ///< bytes that may still be sent, so that a schedule takes milliseconds
};

// -- who is there, and what they send ------------------------------------------------------------------

void schedule::people() {
  world_.add_client(random_.below(world_.size()), "probe", role::spared);
  auto clients = random_.between(2, 5), workers = random_.between(1, 3);
  for (std::size_t i = 0; i < clients; ++i) {
    auto at = random_.below(world_.size());
    world_.add_client(at, "c" + std::to_string(i + 1), role::ordinary);
    journal_.event("c" + std::to_string(i + 1) + " is a client of " + name_of(at));
  }
  for (std::size_t i = 0; i < workers; ++i) {
    auto at = random_.below(world_.size());
    bool on_pool = random_.one_in(2);
    auto name = "w" + std::to_string(i + 1);
    world_.add_worker(at, name, on_pool ? worker_thread::pool : worker_thread::socket);
    journal_.event(name + " is a worker of " + name_of(at) + " on the " + (on_pool ? "pool" : "socket thread"));
  }
}

end& schedule::any_end() {
  std::vector<end*> all;
  for (const auto& c : world_.clients())
    if (c->part() == role::ordinary)
      all.push_back(c.get());
  for (const auto& w : world_.workers())
    all.push_back(w.get());
  return *all[random_.below(all.size())];
}

flow& schedule::make(std::string name, end& from, end& to) {
  struct range {
    std::size_t least, most;
  };
  constexpr std::array<range, 6> sizes{{{1'000, 9'000}, {9'000, 70'000}, {20, 200}, {20, 200}, {20, 5'000}, {20, 400'000}}};
  auto& f = world_.all_flows().open(std::move(name));
  auto size = sizes[random_.below(only_large_ ? 2 : sizes.size())];
  f.least = size.least;
  f.most = size.most;
  f.from = &from;
  f.to = &to;
  f.wants_reports = random_.one_in(4);
  f.is_stream = &from != &to && random_.one_in(3); // the answers of an echo have no mark
  return f;
}

void schedule::open_probe(client_end& from, std::size_t at, std::size_t dead_neighbours) {
  auto& f = make(from.name() + " to echo of " + name_of(at), from, from);
  f.way = [this, &from, at] { return world_.way(from, at, {address{"echo"}}); };
  f.most = 100;
  f.least = 20;
  f.wants_reports = f.is_stream = false;
  f.is_probe = true;
  f.dead_neighbours = dead_neighbours;
}

void schedule::open_flow() {
  auto& from = any_end();
  if (random_.one_in(3)) {
    auto at = random_.below(world_.size());
    auto& f = make(from.name() + " to echo of " + name_of(at), from, from);
    f.crossings = world_.crossings_between(from.node(), at);
    f.way = [this, &from, at] { return world_.way(from, at, {address{"echo"}}); };
    return;
  }
  auto& to = any_end();
  auto& f = make(from.name() + " to " + to.name(), from, to);
  f.crossings = world_.crossings_between(from.node(), to.node());
  f.way = [this, &from, &to] { return world_.way(from, to.node(), to.destination()); };
}

/// There and back over one link, up to four times, and the same again for what echo answers.
void schedule::open_round_trip() {
  auto& from = any_end();
  auto neighbour = from.node() > 0 ? from.node() - 1 : 1;
  auto which = world_.crossing_of(from.node(), neighbour);
  if (world_.crossings()[which].loses())
    return;
  auto times = random_.between(2, 4);
  auto& f = make(from.name() + " " + std::to_string(times) + " times over " + world_.crossings()[which].alias + " to echo", from, from);
  f.crossings = {which};
  f.way = [this, &from, which, times] { return world_.round_trips(from, which, times, {address{"echo"}}); };
}

/// A client that sends to one that may be dead, and to somebody else of the same node: that one is answered.
void schedule::open_hostage() {
  auto at = random_.below(world_.size());
  auto& dead = world_.add_client(at, "d1", role::dies);
  auto& sender = world_.add_client(at, "hostage", role::spared);
  journal_.event("d1 and hostage are clients of " + name_of(at));
  auto& f = make(sender.name() + " to " + dead.name(), sender, dead);
  f.way = [this, &sender, &dead] { return world_.way(sender, dead.node(), dead.destination()); };
  open_probe(sender, sender.node(), 1);
}

void schedule::open_flows() {
  auto& probe = *world_.clients().front();
  open_probe(probe, probe.node(), 0);
  if (random_.one_in(3))
    open_hostage();
  auto n = random_.between(2, 6);
  for (std::size_t i = 0; i < n; ++i)
    random_.one_in(3) ? open_round_trip() : open_flow();
  for (auto& f : world_.all_flows().all()) {
    for (auto i : f->crossings)
      f->touched = f->touched || world_.crossings()[i].loses();
    journal_.event(f->name + ", " + std::to_string(f->least) + " to " + std::to_string(f->most) + " bytes"
                   + (f->wants_reports ? ", wants reports" : "") + (f->is_stream ? ", a stream" : ""));
  }
}

// -- time ----------------------------------------------------------------------------------------------

void schedule::send_some() {
  auto& all = world_.all_flows().all();
  auto& f = *all[random_.below(all.size())];
  if (f.is_probe)
    return;
  auto count = f.most < 9'000 ? random_.between(1, 120) : random_.between(1, 12);
  if (random_.one_in(8))
    count *= 8; // a flood
  std::size_t sent = 0, bytes = 0;
  for (; sent < count; ++sent) {
    auto size = random_.between(f.least, f.most);
    auto cost = size + 500;
    if (volume_ < cost || !f.from->send(f, size))
      break;
    volume_ -= cost;
    bytes += size;
  }
  if (sent > 0)
    journal_.event(f.name + ": " + std::to_string(sent) + " messages, " + std::to_string(bytes) + " bytes");
}

void schedule::probe_some() {
  for (auto& f : world_.all_flows().all())
    if (f->is_probe && f->unanswered.size() < 8)
      f->from->send(*f, f->least);
}

void schedule::pass(std::chrono::milliseconds time) {
  world_.net().advance(time);
  checker_.at_pause_in_time();
}

void schedule::wave() {
  volume_ = random_.one_in(4) ? 3u << 20 : random_.between(30'000, 700'000);
  auto faults = random_.between(1, 4);
  for (auto steps = random_.between(4, 14); steps > 0 && !failed(); --steps) {
    if (faults > 0 && random_.one_in(2)) {
      faults_.strike();
      --faults;
    }
    for (auto n = random_.below(4); n > 0; --n)
      send_some();
    if (random_.one_in(3))
      probe_some();
    pass(std::chrono::milliseconds{random_.one_in(4) ? random_.between(200, 1'500) : random_.between(1, 120)});
  }
}

/// Everything reads, and nothing more is sent: all must come to an end.
void schedule::settle() {
  probe_some();
  for (auto waited = 0ms; waited < checker_.patience() && !failed(); waited += 250ms) {
    pass(250ms);
    if (world_.at_rest())
      break;
  }
}

void schedule::play() {
  people();
  open_flows();
  checker_.begin();
  for (auto waves = random_.between(1, 3); waves > 0 && !failed(); --waves) {
    wave();
    if (failed())
      break;
    faults_.recover();
    for (auto calm = random_.between(1, 4); calm > 0 && !failed(); --calm) {
      volume_ = 100'000;
      send_some();
      probe_some();
      pass(std::chrono::milliseconds{random_.between(1, 700)});
    }
  }
  if (!failed())
    settle();
  if (!failed())
    checker_.at_end();
}

outcome schedule::go() {
  try {
    play();
  } catch (const std::exception& e) {
    broken_ = true;
    journal_.violated(invariant::rest, e.what());
    if (!failed())
      throw;
  }
  outcome out;
  out.failure = journal_.failure();
  if (failed() && options_.trace)
    for (const auto& line : world_.state())
      options_.trace("            " + line);
  for (auto& f : world_.all_flows().all()) {
    out.sent += f->sent;
    out.arrived += f->arrived;
  }
  out.dropped = world_.dropped();
  journal_.event("sent " + std::to_string(out.sent) + ", arrived " + std::to_string(out.arrived) + ", dropped "
                 + std::to_string(out.dropped));
  out.fingerprint = journal_.fingerprint();
  return out;
}

} // namespace

outcome run(std::uint64_t seed, const options& o) {
  outcome out;
  run_reproducibly(seed, [&] {
    auto s = std::make_unique<schedule>(seed, o);
    out = s->go();
    if (s->broken())
      (void)s.release(); // to end its nodes would be to run them
  });
  return out;
}

} // namespace ockam::simulate
