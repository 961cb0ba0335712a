// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_names.hpp"

#include "transports/udp/udp_whereabouts.hpp"

namespace ockam {

udp_names::udp_names(net::reactor& r, std::chrono::milliseconds timeout, ready on_ready, failed on_failed)
  : reactor_{r}, timeout_{timeout}, on_ready_{std::move(on_ready)}, on_failed_{std::move(on_failed)} {}

void udp_names::take(message_ptr m, const endpoint& to) {
  auto name = to_string(to);
  auto it = names_.find(name);
  if (it != names_.end() && !it->second.lookup) {
    if (reactor_.now() < it->second.until)
      return settle(std::move(m), it->second.answer);
    names_.erase(it);
    it = names_.end();
  }
  if (bytes_ + m->footprint() > max_bytes)
    return on_failed_(std::move(m), drop_reason::congested, "too much waits for names to be looked up");
  if (it == names_.end()) {
    if (lookups_ == max_lookups || !make_room())
      return on_failed_(std::move(m), drop_reason::congested, "too many names are being looked up");
    it = names_.emplace(name, entry{}).first;
    ++lookups_;
    it->second.lookup = reactor_.resolve(to, timeout_, [this, name](auto found) { answered(name, std::move(found)); });
  }
  bytes_ += m->footprint();
  it->second.waiting.push_back(std::move(m));
}

bool udp_names::make_room() {
  if (names_.size() < max_names)
    return true;
  std::erase_if(names_, [now = reactor_.now()](auto& n) { return !n.second.lookup && n.second.until <= now; });
  return names_.size() < max_names;
}

void udp_names::answered(const std::string& name, result<std::vector<ip_endpoint>> found) {
  auto it = names_.find(name);
  auto& e = it->second;
  auto lookup = std::move(e.lookup); // this runs inside it
  --lookups_;
  if (found)
    e.answer = in_order_of_preference(*std::move(found)).front();
  else
    e.answer = std::move(found).error();
  e.until = reactor_.now() + (e.answer ? good_for : bad_for);
  auto answer = e.answer;
  for (auto& m : std::exchange(e.waiting, {})) {
    bytes_ -= m->footprint();
    settle(std::move(m), answer);
  }
}

void udp_names::settle(message_ptr m, const result<ip_endpoint>& answer) {
  if (answer)
    on_ready_(std::move(m), *answer);
  else
    on_failed_(std::move(m), drop_reason::link_down, answer.error().cause);
}

void udp_names::forget_answers() {
  std::erase_if(names_, [](auto& n) { return !n.second.lookup; });
}

void udp_names::clear(drop_reason why) {
  auto all = std::exchange(names_, {});
  lookups_ = bytes_ = 0;
  for (auto& [name, e] : all)
    for (auto& m : e.waiting)
      on_failed_(std::move(m), why, {});
}

} // namespace ockam
