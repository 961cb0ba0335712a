// SPDX-License-Identifier: Apache-2.0
// The file is cut into parts, each mapper has one at a time, and the counts of all parts are added. A mapper that dies, or
// cannot be reached any more, gives its part back and is looked for again every second.
#include "services.hpp"
#include "words.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include <caf/stateful_actor.hpp>

using namespace std::chrono_literals;

namespace {

using again_atom = caf::atom_constant<caf::atom("again")>;

constexpr std::size_t part_size = 1024;
constexpr std::size_t none = SIZE_MAX;

struct mapper_state {
  std::string name; ///< its route
  caf::actor handle;
  bool alive = false;
  std::size_t part = none; ///< that it has
  int done = 0, lost = 0;
};

struct job {
  std::vector<mapper_state> mappers;
  std::vector<std::string> parts;
  std::deque<std::size_t> waiting; ///< parts that nobody has
  std::size_t missing = 0;         ///< parts that have not been counted
  words::counts total;
  std::vector<caf::typed_response_promise<std::string>> who_asked;
};

using gatherer = caf::stateful_actor<job>;

/// Cut between two words.
std::vector<std::string> cut(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find_first_of(" \n", std::min(at + part_size, text.size())), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end;
  }
  return parts;
}

std::string summary(const job& j) {
  std::vector<std::pair<std::int64_t, std::string>> most;
  std::int64_t all = 0;
  for (const auto& [word, n] : j.total) {
    most.emplace_back(-n, word);
    all += n;
  }
  std::sort(most.begin(), most.end());
  auto text = std::to_string(all) + " words, " + std::to_string(most.size()) + " different ones:";
  for (std::size_t i = 0; i < most.size() && i < 5; ++i)
    text += ' ' + most[i].second + ' ' + std::to_string(-most[i].first);
  return text;
}

std::string mappers_of(const job& j) {
  std::string text;
  for (const auto& m : j.mappers)
    text += m.name + ": " + std::to_string(m.done) + " parts, " + std::to_string(m.lost) + " lost, " + (m.alive ? "alive" : "down") + '\n';
  return text;
}

void hand_out(gatherer* self);

/// Somebody else gets its part, and it is looked for again soon.
void give_up(gatherer* self, std::size_t which) {
  auto& m = self->state.mappers[which];
  m.alive = false;
  if (m.part != none) {
    ++m.lost;
    self->state.waiting.push_front(std::exchange(m.part, none));
  }
  self->delayed_send(self, 1s, again_atom::value, which);
}

/// It has work again as soon as it answers.
void look_for(gatherer* self, std::size_t which) {
  self->request(self->state.mappers[which].handle, 5s, ockam::text(""))
    .then(
      [=](const ockam::reply&) {
        auto& m = self->state.mappers[which];
        m.alive = true;
        self->monitor(m.handle);
        hand_out(self);
      },
      [=](const caf::error&) { self->delayed_send(self, 1s, again_atom::value, which); });
}

void counted(gatherer* self, std::size_t which, std::size_t part, const std::string& lines) {
  auto& j = self->state;
  auto& m = j.mappers[which];
  if (m.part != part)
    return; // it was given up meanwhile, and somebody else has the part
  m.part = none;
  ++m.done;
  words::add_lines(j.total, lines);
  if (--j.missing > 0)
    return hand_out(self);
  for (auto& p : std::exchange(j.who_asked, {}))
    p.deliver(summary(j));
}

/// Each mapper that is alive and has nothing to do gets a part.
void hand_out(gatherer* self) {
  auto& j = self->state;
  for (std::size_t i = 0; i < j.mappers.size() && !j.waiting.empty(); ++i) {
    auto& m = j.mappers[i];
    if (!m.alive || m.part != none)
      continue;
    auto part = m.part = j.waiting.front();
    j.waiting.pop_front();
    self->request(m.handle, 30s, ockam::text(j.parts[part]))
      .then([=](const ockam::reply& r) { counted(self, i, part, r.text()); },
            [=](const caf::error&) {
              auto& failed = self->state.mappers[i];
              if (failed.part != part)
                return; // its monitor was faster
              self->demonitor(failed.handle);
              give_up(self, i);
              hand_out(self);
            });
  }
}

caf::behavior gather(gatherer* self, const std::string& file, const std::vector<std::string>& routes) {
  std::ifstream in{file};
  if (!in)
    throw std::runtime_error{"cannot read " + file};
  self->state.parts = cut({std::istreambuf_iterator<char>{in}, {}});
  if (self->state.parts.empty())
    throw std::runtime_error{file + " is empty"};
  for (const auto& r : routes)
    self->state.mappers.push_back({r, ockam::remote(self, r)});
  for (std::size_t i = 0; i < routes.size(); ++i)
    look_for(self, i);
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& all = self->state.mappers;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].alive && all[i].handle == down.source)
        give_up(self, i);
    hand_out(self);
  });
  return {
    [self](const ockam::request& r) -> caf::result<std::string> {
      auto& j = self->state;
      auto what = r.is_text() ? r.text() : "";
      if (what == "mappers")
        return mappers_of(j);
      if (what != "count")
        return caf::make_error(caf::sec::invalid_argument, std::string{"say count or mappers"});
      auto answer = self->make_response_promise<std::string>();
      j.who_asked.push_back(answer);
      if (j.missing == 0) {
        j.total.clear();
        j.missing = j.parts.size();
        for (std::size_t i = 0; i < j.parts.size(); ++i)
          j.waiting.push_back(i);
        hand_out(self);
      }
      return answer;
    },
    [self](again_atom, std::size_t i) { look_for(self, i); },
  };
}

} // namespace

ockam::actor_factory word_count(const ockam::service_options& o) {
  std::istringstream all{o.required("mappers")};
  std::vector<std::string> routes{std::istream_iterator<std::string>{all}, {}};
  return ockam::spawning(gather, o.required("file"), std::move(routes));
}
