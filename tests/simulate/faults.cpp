// SPDX-License-Identifier: Apache-2.0
#include "simulate/faults.hpp"

#include <algorithm>

namespace ockam::simulate {

namespace {

std::string name_of(std::size_t node) { return "n" + std::to_string(node + 1); }

} // namespace

void faults::strike() {
  checker_.impeded();
  switch (random_.below(9)) {
    case 0:
    case 1:
    case 2:
    case 3: return slow_reader();
    case 4: return busy_pool();
    case 5: return client_leaves();
    case 6: return connection_ends();
    case 7: return changed_configuration();
    default: return blocked_datagrams();
  }
}

void faults::recover() {
  for (auto& f : undo_)
    f();
  undo_.clear();
  journal_.event("everything reads, runs and is connected again");
  checker_.unimpeded();
}

// -- those that read -----------------------------------------------------------------------------------

void faults::excuse(const end& who) {
  for (auto& f : world_.all_flows().all())
    if (f->to == &who)
      f->excused = true;
}

client_end& faults::victim(bool may_leave) {
  std::vector<client_end*> all;
  for (const auto& c : world_.clients())
    if (c->part() == role::ordinary || (c->part() == role::dies && !may_leave))
      all.push_back(c.get());
  return *all[random_.below(all.size())];
}

void faults::slow_reader() {
  auto& c = victim(false);
  constexpr std::array<reading, 4> ways{reading::slow, reading::dead, reading::trickle, reading::paused};
  auto how = c.part() == role::dies ? reading::dead : random_.one_of(ways);
  auto rate = how == reading::slow ? random_.between(8u << 10, 500u << 10) : random_.between(100, how == reading::paused ? 1'500 : 2'000);
  c.read_as(how, rate);
  if (how == reading::dead || how == reading::trickle) {
    checker_.somebody_stalls();
    excuse(c);
  }
  auto window = random_.one_in(2) ? std::size_t{64} << 10 : random_.between(1'000, 30'000);
  c.window(window);
  journal_.event(c.name() + " is " + std::string{to_string(how)}
                 + (how == reading::dead ? "" : ", " + std::to_string(rate) + (how == reading::paused ? " ms" : " bytes a second"))
                 + ", window " + std::to_string(window));
  undo_.emplace_back([&c] {
    c.read_as(reading::fast);
    c.window(64u << 10);
  });
}

void faults::busy_pool() {
  auto i = random_.below(world_.size());
  journal_.event("the pool of " + name_of(i) + " is busy");
  world_.node(i).pool_runs(false);
  checker_.somebody_stalls();
  for (const auto& w : world_.workers())
    if (w->node() == i)
      excuse(*w);
  undo_.emplace_back([this, i] { world_.node(i).pool_runs(true); });
}

// -- ends ----------------------------------------------------------------------------------------------

void faults::touch(const client_end& who) {
  checker_.something_ended();
  for (auto& f : world_.all_flows().all())
    if (f->to == &who || f->from == &who) {
      f->touched = true;
      flows::forgive(*f);
    }
}

void faults::touch(std::size_t crossing) {
  checker_.something_ended();
  for (auto& f : world_.all_flows().all())
    if (std::find(f->crossings.begin(), f->crossings.end(), crossing) != f->crossings.end()) {
      f->touched = true;
      flows::forgive(*f);
    }
}

void faults::client_leaves() {
  auto& c = victim(true);
  if (!c.connected())
    return;
  constexpr std::array<client_end::way_out, 3> ways{client_end::way_out::finish, client_end::way_out::close, client_end::way_out::reset};
  constexpr std::array<const char*, 3> words{" ends its half and reads on", " closes", " resets its connection"};
  auto how = random_.one_of(ways);
  journal_.event(c.name() + words[static_cast<std::size_t>(how)]);
  touch(c);
  c.hang_up(how);
  undo_.emplace_back([this, &c] {
    c.hang_up(client_end::way_out::close);
    c.dial();
    journal_.event(c.name() + " is back as " + c.local());
  });
}

void faults::connection_ends() {
  auto i = random_.below(world_.crossings().size());
  auto& x = world_.crossings()[i];
  bool outside = random_.one_in(2);
  journal_.event("the connection " + x.alias + " of " + name_of(x.from) + (outside ? " is cut" : " is closed by its node"));
  touch(i);
  outside ? world_.cut(i) : world_.close_by_node(i);
}

void faults::changed_configuration() {
  auto i = random_.below(world_.size());
  switch (random_.below(3)) {
    case 0:
      journal_.event(name_of(i) + ": reload with another service");
      return world_.toggle_service(i);
    case 1:
      journal_.event(name_of(i) + ": reload with another listener");
      return world_.toggle_listener(i);
    default: break;
  }
  auto which = random_.below(world_.crossings().size());
  auto& x = world_.crossings()[which];
  if (x.removed)
    return;
  journal_.event(name_of(x.from) + ": reload without " + x.alias);
  touch(which);
  world_.remove_connection(which, true);
  undo_.emplace_back([this, which] { world_.remove_connection(which, false); });
}

void faults::blocked_datagrams() {
  for (auto& x : world_.crossings())
    if (x.loses())
      if (auto q = world_.net().datagrams().find(x.listener)) {
        journal_.event("datagrams of " + x.listener + " wait");
        q->blocked = true;
        undo_.emplace_back([q] { q->blocked = false; });
        return;
      }
  slow_reader();
}

} // namespace ockam::simulate
