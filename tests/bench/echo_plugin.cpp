// SPDX-License-Identifier: Apache-2.0
// What a user's echo looks like: for the benchmark, which compares it with the one that the node has.
#include <ockam/service.hpp>

namespace {

class echo final : public ockam::worker {
 public:
  void on_message(ockam::message_ptr m) override { reply(std::move(m)); }
};

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<echo>()};
