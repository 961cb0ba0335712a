// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/connect_race.hpp"

#include <algorithm>
#include <utility>

namespace ockam {

std::vector<ip_endpoint> interleaved(const std::vector<ip_endpoint>& addresses) {
  std::vector<ip_endpoint> first, second, out;
  for (const auto& a : addresses)
    (a.v6 == addresses.front().v6 ? first : second).push_back(a);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size())
      out.push_back(first[i]);
    if (i < second.size())
      out.push_back(second[i]);
  }
  return out;
}

connect_race::connect_race(net::reactor& r, const endpoint& to, std::chrono::milliseconds timeout, begin_attempt begin,
                           net::reactor::connected done)
  : reactor_{r}, begin_{std::move(begin)}, done_{std::move(done)} {
  deadline_ = reactor_.after(timeout, [this, name = to_string(to), timeout] {
    deadline_ = 0;
    finish(error{errc::timed_out, "no connection to " + name + " within " + std::to_string(timeout.count()) + " ms",
                 "is the address right, and does a firewall let it through?"});
  });
  lookup_ = reactor_.resolve(to, timeout, [this](result<std::vector<ip_endpoint>> found) {
    if (!found)
      return finish(std::move(found).error());
    addresses_ = interleaved(*found);
    next();
  });
}

connect_race::~connect_race() {
  reactor_.cancel(deadline_);
  reactor_.cancel(next_timer_);
}

/// Begins attempts until one is under way.
void connect_race::next() {
  reactor_.cancel(std::exchange(next_timer_, 0));
  while (next_ < addresses_.size()) {
    auto number = next_++;
    auto begun = begin_(addresses_[number], [this, number](auto outcome) { over(number, std::move(outcome)); });
    if (!begun) { // there is no way to its family: what others answered says more
      if (last_error_.cause.empty())
        last_error_ = std::move(begun).error();
      continue;
    }
    if (attempts_.size() == most_attempts)
      attempts_.pop_front();
    attempts_.push_back({number, std::move(*begun)});
    break;
  }
  if (next_ < addresses_.size())
    next_timer_ = reactor_.after(pause, [this] {
      next_timer_ = 0;
      next();
    });
  else if (attempts_.empty())
    finish(std::move(last_error_));
}

void connect_race::over(std::size_t number, result<net::stream_ptr> outcome) {
  auto it = std::find_if(attempts_.begin(), attempts_.end(), [&](auto& a) { return a.number == number; });
  auto ended = std::move(it->connecting); // inside which this runs
  attempts_.erase(it);
  if (outcome)
    return finish(std::move(outcome));
  last_error_ = std::move(outcome).error();
  if (next_ < addresses_.size() || attempts_.empty())
    next();
}

void connect_race::finish(result<net::stream_ptr> outcome) {
  reactor_.cancel(std::exchange(deadline_, 0));
  reactor_.cancel(std::exchange(next_timer_, 0));
  attempts_.clear();
  if (auto done = std::exchange(done_, nullptr))
    done(std::move(outcome)); // may destroy this
}

} // namespace ockam
