// SPDX-License-Identifier: Apache-2.0
#include "channels/crew.hpp"

#include "runtime/core/guarded.hpp"
#include "runtime/core/log.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace ockam::channels {

namespace {

class own_threads final : public threads {
 public:
  explicit own_threads(std::size_t number) : number_{number} {}

  ~own_threads() override {
    {
      std::lock_guard lock{mutex_};
      ends_ = true;
    }
    there_is_work_.notify_all();
    for (auto& t : all_)
      t.join();
  }

  void run(std::function<void()> work) override {
    {
      std::lock_guard lock{mutex_};
      work_.push_back(std::move(work));
    }
    if (all_.size() < number_)
      all_.emplace_back([this] { serve(); });
    there_is_work_.notify_one();
  }

 private:
  void serve() {
    std::unique_lock lock{mutex_};
    while (true) {
      there_is_work_.wait(lock, [this] { return ends_ || !work_.empty(); });
      if (ends_)
        return;
      auto work = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      work();
      work = nullptr; // what it holds ends here, not under the lock
      lock.lock();
    }
  }

  const std::size_t number_;
  std::mutex mutex_;
  std::condition_variable there_is_work_;
  std::deque<std::function<void()>> work_;
  bool ends_ = false;
  std::vector<std::thread> all_;
};

} // namespace

std::unique_ptr<threads> make_threads(std::size_t number) { return std::make_unique<own_threads>(number); }

crew::crew(net::reactor& reactor, std::unique_ptr<threads> by) : reactor_{reactor}, home_{std::make_shared<home>(home{this})}, by_{std::move(by)} {}

crew::~crew() { home_->there = nullptr; }

bool crew::add(const origin& whose, step which, std::function<void()> work) {
  if (waiting_ >= most)
    return false;
  auto& of_link = links_[whose.flow];
  if (of_link.waiting >= most_of_one_link)
    return false;
  auto& its = of_link.lanes[whose.peer];
  if (!whose.peer.empty() && its.size() >= most_of_one_peer)
    return false;
  if (of_link.waiting++ == 0)
    turns_.push_back(whose.flow);
  if (its.size() == 0)
    of_link.turns.push_back(whose.peer);
  (which == step::next ? its.next : its.first).push_back(std::move(work));
  ++waiting_;
  go_on();
  return true;
}

void crew::go_on() {
  while (running_ < at_once && !turns_.empty()) {
    auto flow = turns_.front();
    turns_.pop_front();
    auto of_link = links_.find(flow);
    auto& [lanes, turns, waiting] = of_link->second;
    auto its = lanes.find(turns.front());
    auto& from = its->second.next.empty() ? its->second.first : its->second.next;
    auto work = std::move(from.front());
    from.pop_front();
    if (its->second.size() == 0)
      lanes.erase(its);
    else
      turns.push_back(turns.front());
    turns.pop_front();
    --waiting_;
    if (--waiting == 0)
      links_.erase(of_link);
    else
      turns_.push_back(flow);
    run(std::move(work));
  }
}

void crew::run(std::function<void()> work) {
  ++running_;
  by_->run([work = std::move(work), to = home_, &reactor = reactor_] {
    if (auto threw = guarded(work))
      log(level::error, "channels", "the work of a handshake has failed: " + *threw);
    reactor.post([to] {
      if (!to->there)
        return;
      --to->there->running_;
      to->there->go_on();
    });
  });
}

} // namespace ockam::channels
