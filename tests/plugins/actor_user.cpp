// SPDX-License-Identifier: Apache-2.0
// A service that uses CAF itself: has an actor of its own square a number, which comes back as a CAF message.
#include <ockam/actor.hpp>
#include <ockam/service.hpp>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <cstdlib>
#include <string>

namespace {

/// Sends the square of a number, and is done.
class helper final : public caf::event_based_actor {
 public:
  helper(caf::actor_config& cfg, caf::actor_addr back, std::int64_t n) : caf::event_based_actor{cfg}, back_{std::move(back)}, n_{n} {}

  caf::behavior make_behavior() override {
    if (auto back = caf::actor_cast<caf::actor>(back_))
      send(back, n_ * n_);
    return {};
  }

 private:
  caf::actor_addr back_; // weak: a helper must not keep a worker alive
  std::int64_t n_;
};

class squarer final : public ockam::worker {
 public:
  void on_start() override {
    ockam::handle_also(*this, {[this](std::int64_t square) {
      if (asked_)
        reply_text(std::move(asked_), std::to_string(square));
    }});
  }

  void on_message(ockam::message_ptr m) override {
    auto n = std::int64_t{std::atoi(std::string{m->text().value_or("")}.c_str())};
    asked_ = std::move(m);
    auto& self = ockam::actor_of(*this);
    self.home_system().spawn<helper>(caf::actor_cast<caf::actor_addr>(self.ctrl()), n);
  }

 private:
  ockam::message_ptr asked_;
};

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<squarer>()};
