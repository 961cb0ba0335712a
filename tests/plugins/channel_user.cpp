// SPDX-License-Identifier: Apache-2.0
// A service that sends through secure channels, and one that wants to know who asks.
#include <ockam/channel.hpp>
#include <ockam/service.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace {

class channel_user final : public ockam::worker {
 public:
  explicit channel_user(const ockam::service_options& o) : to_{o.text("to")}, only_{o.text("only")} {}

  void on_message(ockam::message_ptr m) override {
    if (!only_.empty() && !ockam::is_asked_by(*m, {only_}))
      return reply_error(std::move(m), "not-authorized");
    if (to_.empty()) {
      auto who = m->identity() ? *m->identity() : "nobody";
      return reply_text(std::move(m), who);
    }
    auto body = ockam::text_payload(m->text().value_or(""));
    auto waiting = std::make_shared<ockam::message_ptr>(std::move(m));
    request(ockam::through_channels(*this, to_), std::move(body), std::chrono::seconds{5}, [this, waiting](ockam::result<ockam::message_ptr> r) {
      if (r)
        reply_text(std::move(*waiting), (*r)->text().value_or(""));
      else
        reply_error(std::move(*waiting), r.error().cause);
    });
  }

 private:
  std::string to_, only_;
};

} // namespace

extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<channel_user>()};
