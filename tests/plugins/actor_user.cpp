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
    // Weak: a helper must not keep a worker alive.
    auto weak = caf::actor_cast<caf::actor_addr>(self.ctrl());
    self.home_system().spawn([weak, n](caf::event_based_actor* helper) {
      if (auto back = caf::actor_cast<caf::actor>(weak))
        helper->send(back, n * n);
    });
  }

 private:
  ockam::message_ptr asked_;
};

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<squarer>()};
