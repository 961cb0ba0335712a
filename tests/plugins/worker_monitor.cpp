// SPDX-License-Identifier: Apache-2.0
// A worker that does with a `watcher` what actor_monitor.cpp does with handles.
#include <ockam/multiaddr.hpp>
#include <ockam/service.hpp>
#include <ockam/watcher.hpp>

#include <string>

namespace {

class monitor final : public ockam::worker {
 public:
  explicit monitor(const ockam::service_options&) {}

  void on_message(ockam::message_ptr m) override {
    auto text = std::string{m->text().value_or("")};
    if (text == "?")
      return reply_text(std::move(m), ended_);
    ended_ = "nothing has ended";
    auto address = ockam::parse_multiaddr(text);
    auto to = address ? ockam::to_route(*address) : ockam::result<ockam::route>{address.error()};
    if (!to)
      return reply_error(std::move(m), to.error().cause);
    watches_.watch(*to, [this](const ockam::error& why) {
      ended_ = why.code == ockam::errc::ok ? "normally" : std::string{to_string(why.code)} + ": " + why.cause;
    });
    reply_text(std::move(m), "monitored");
  }

 private:
  std::string ended_ = "nothing has ended";
  ockam::watcher watches_{*this};
};

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<monitor>()};
