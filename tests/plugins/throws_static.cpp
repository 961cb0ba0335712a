// SPDX-License-Identifier: Apache-2.0
// A plugin of which a static constructor throws when it is loaded, and a static destructor when it is let go.
#include <ockam/service.hpp>

#include <stdexcept>

namespace {

struct late {
  ~late() noexcept(false) { throw std::runtime_error{"the static destructor throws"}; }
} late_one;

const bool early_one = []() -> bool { throw std::runtime_error{"no such device"}; }();

class never final : public ockam::worker {
  void on_message(ockam::message_ptr) override { (void)early_one; }
};

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<never>()};
